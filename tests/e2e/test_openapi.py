# SPDX-License-Identifier: BSD-3-Clause
"""The description of the API against the answers of running nodes."""

from harness import eventually, limit


# What some answers cannot do without.
QUERIES = {"/v1/explain": "?url=/"}


class Description:
    """The part of OpenAPI 3.0 that the document uses, read strictly: keys that it does not name are wrong."""

    KNOWN = {"type", "nullable", "enum", "minimum", "maximum", "default", "description", "properties", "required",
             "items", "oneOf", "allOf", "$ref"}  # fmt: skip
    TYPES = {"string": str, "integer": int, "boolean": bool, "object": dict, "array": list}

    def __init__(self, node):
        status, self.document = node.api("GET", "/v1/openapi.json")
        assert status == 200 and self.document["openapi"].startswith("3.0"), self.document

    def response(self, method, path, status):
        responses = self.document["paths"][path][method.lower()]["responses"]
        return (responses.get(str(status)) or responses["default"])["content"]["application/json"]["schema"]

    def problems(self, value, schema, where="answer"):
        assert set(schema) <= self.KNOWN, schema
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            return self.problems(value, self.document["components"]["schemas"][name], where)
        if value is None and schema.get("nullable"):
            return []
        found = [x for part in schema.get("allOf", []) for x in self.problems(value, part, where)]
        if "oneOf" in schema:
            fits = [x for x in schema["oneOf"] if not self.problems(value, x, where)]
            found += [] if len(fits) == 1 else [f"{where} fits {len(fits)} of the shapes: {value}"]
        if "type" in schema:
            found += self.problems_of_type(value, schema, where)
        return found

    def problems_of_type(self, value, schema, where):
        if type(value) is not self.TYPES[schema["type"]]:
            return [f"{where}: {value!r} is no {schema['type']}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{where}: {value!r} is none of {schema['enum']}"]
        if type(value) is int and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
            return [f"{where}: {value} is out of range"]
        if type(value) is list:
            return [x for i, item in enumerate(value) for x in self.problems(item, schema["items"], f"{where}[{i}]")]
        if type(value) is dict and "properties" in schema:
            found = [f"{where}.{key} is missing" for key in schema["required"] if key not in value]
            for key, item in value.items():
                if key in schema["properties"]:
                    found += self.problems(item, schema["properties"][key], f"{where}.{key}")
                else:
                    found.append(f"{where}.{key} is not described")
            return found
        return []

    def check(self, node, method, path, *body, **names):
        query = QUERIES.get(path, "") if method == "GET" else ""
        status, answer = node.api(method, path.format(**names) + query, *body)
        problems = self.problems(answer, self.response(method, path, status))
        assert not problems, (method, path, status, answer, problems)
        return status


A1 = {"backend": "app", "server": "a1"}


def test_answers_of_a_node_alone_are_as_described(t):
    node = t.node(t.servers("a1", "a2"), backend={"health_check": {"enabled": True, "interval": "100ms"}})
    with node.client() as client:
        assert client.get("/").status == 200
        eventually(lambda: node.api("GET", "/v1/why/app/a1")[1]["evidence"]["active"]["last_ms_ago"] is not None)
        api = Description(node)
        for path, methods in api.document["paths"].items():
            if "get" in methods and path.startswith("/v1"):
                assert api.check(node, "GET", path, **A1) in (200, 409), path
        assert api.check(node, "GET", "/v1/backends/{backend}", backend="none") == 404
        server = "/v1/servers/{backend}/{server}"
        assert api.check(node, "POST", server, {"weight": 3}, **A1) == 200
        assert api.check(node, "POST", server, {"weight": 0}, **A1) == 400
        assert api.check(node, "PUT", "/v1/log-level", {"level": "debug"}) == 200
        assert api.check(node, "POST", "/v1/log-level", {"level": "loud"}) == 400
        assert api.check(node, "POST", "/v1/reload") == 200
        node.write("frontends: 1")
        assert api.check(node, "POST", "/v1/reload") == 422
        assert api.check(node, "POST", "/v1/config", {"text": ""}) == 409
        connection = node.api("GET", "/v1/connections")[1]["connections"][0]["id"]
        assert api.check(node, "POST", "/v1/connections/{id}/close", id=connection) == 202


@limit(120)
def test_answers_of_a_cluster_are_as_described(t):
    c = t.cluster(3)
    node = c["lb1"]
    api = Description(node)
    for path, methods in api.document["paths"].items():
        if "get" in methods and path.startswith("/v1"):
            assert api.check(node, "GET", path, **A1) == 200, path
    assert api.check(node, "POST", "/v1/servers/{backend}/{server}", {"admin": "drain", "message": "x"}, **A1) == 200
    text = node.api("GET", "/v1/config/history")[1]["history"][0]["text"]
    assert api.check(node, "POST", "/v1/config", {"text": text, "message": "same"}) == 200
    assert api.check(node, "POST", "/v1/config", {"text": text + "\nbackends2: 1\n"}) == 409
    assert api.check(node, "POST", "/v1/config", {"text": text, "bass": 4}) == 400
    assert api.check(node, "POST", "/v1/config/rollback", {"generation": 77}) == 409
    assert api.check(node, "POST", "/v1/cluster/form", {"node": "lb1"}) in (200, 409)
    assert api.check(node, "POST", "/v1/cluster/recover", {"nodes": []}) == 400
    assert api.check(node, "POST", "/v1/cluster/adopt", {"node": "lb2"}) in (200, 409)


def test_nothing_changes_by_reading_whatever_the_path(t):
    node = t.node(t.servers("a1"))
    before = node.api("GET", "/v1/backends")
    for path, methods in Description(node).document["paths"].items():
        query = QUERIES.get(path, "")
        status, answer = node.api("GET", path.format(id=1, **A1) + query) if path.startswith("/v1") else (200, None)
        assert status == 405 if "get" not in methods else status in (200, 409), (path, status, answer)
    assert node.api("GET", "/v1/backends") == before
