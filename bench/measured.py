# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the table that count other things than processor time a unit."""

import json
import statistics
import subprocess
import sys
import time

import cases
import compared
import proxies
import rig

CONNECTIONS = 64


def verdict(row, text, met):
    return {"text": f"{row}: {text}", "met": bool(met)}


def finish(result, lines):
    print("\n" + "\n".join([f"{result['row']}  {result['title']}", *lines]))
    for x in result["targets"]:
        print(f"  {'met   ' if x['met'] else 'MISSED'} {x['text'].split(': ', 1)[1]}")
    sys.stdout.flush()
    return result


# -- g: memory ---------------------------------------------------------------------


def idle(arguments, count=5000, rest=6):
    found = {}
    with rig.Rig(arguments.bin) as stage:
        servers = stage.one_as_many(2)
        for kind in arguments.proxies:
            proxy = proxies.start(stage, kind, servers)
            found[kind] = proxy.idle_bytes(count, rest)
            proxy.stop()
    targets = []
    if "haproxy" in found and "troupe" in found:
        ratio = found["troupe"]["bytes_per_connection"] / found["haproxy"]["bytes_per_connection"]
        targets.append(verdict("g", f"{ratio:.2f} of haproxy's memory, wanted at most 1.00", ratio <= 1))
    return finish(
        {"row": "g", "title": f"memory of a connection that rests, {count} of them", "proxies": found, "targets": targets},
        [
            f"{kind:9}{x['bytes_per_connection']:8.0f} bytes   ({x['pss_before'] >> 10} KiB before, "
            f"{x['pss_idle'] >> 10} KiB idle, {x['pss_closed'] >> 10} KiB after closing)"
            for kind, x in found.items()
        ],
    )


# -- h: reloads --------------------------------------------------------------------


def reload_under_load(stage, proxy, rate, times):
    command = [stage.bin / "bench-load", "http", f"127.0.0.1:{proxy.port}"]
    command += ["--connections", CONNECTIONS, "--rate", rate, "--seconds", times + 1]
    load = subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE, text=True, preexec_fn=rig.on_core(rig.LOAD_CORE)
    )
    for _ in range(times):
        time.sleep(1)
        proxy.reload()
    return json.loads(load.communicate(timeout=120)[0])


def reloads(arguments, times=20):
    found = {}
    with rig.Rig(arguments.bin) as stage:
        servers = stage.one_as_many(4)
        contenders = {kind: proxies.start(stage, kind, servers) for kind in arguments.proxies}
        rate = min(rig.wrk(x.url + "/", CONNECTIONS, 3)["requests_per_s"] for x in contenders.values()) / 2
        for kind, proxy in contenders.items():
            found[kind] = reload_under_load(stage, proxy, rate, times)
            proxy.stop()
    failed = found.get("troupe", {}).get("failed", 0)
    return finish(
        {
            "row": "h",
            "title": f"{times} reloads in {times} s at {rate:.0f} requests a second",
            "proxies": found,
            "targets": [verdict("h", f"{failed} failed, wanted 0", failed == 0)],
        },
        [
            f"{kind:9}{x['failed']:6} failed of {x['count']}, {x['reopened']} connections closed by the proxy; "
            f"p50 {x['p50_us']:.0f} us, p99 {x['p99_us']:.0f}, p99.9 {x['p999_us']:.0f}"
            for kind, x in found.items()
        ],
    )


# -- i: latency --------------------------------------------------------------------


TIMES = ("p50_us", "p99_us", "p999_us")


class Direct:
    """No proxy at all."""

    def __init__(self, server):
        self.port = server.rsplit(":", 1)[1]


def added(arguments):
    found = {}
    with rig.Rig(arguments.bin) as stage:
        servers = stage.one_as_many(4)
        contenders = {"direct": Direct(servers[0])}
        contenders |= {kind: proxies.start(stage, kind, servers) for kind in arguments.proxies}
        for rate in (1000, 10_000):
            case = cases.Case("i", "", "request", None, paced=("http", CONNECTIONS))
            compared.paced(stage, case, contenders, rate)  # warm-up
            times = compared.paced(stage, case, contenders, rate)
            seen = {
                kind: {key: compared.quiet([one[kind][key] for one in times]) for key in TIMES} for kind in contenders
            }
            direct = seen.pop("direct")
            found[rate] = {"direct": direct} | {
                kind: {key: of[key] - direct[key] for key in TIMES} for kind, of in seen.items()
            }
    lines = []
    for rate, of in found.items():
        lines.append(f"at {rate} requests a second: us more than without a proxy")
        lines += [
            f"{kind:9}{x['p50_us']:8.0f} p50{x['p99_us']:8.0f} p99{x['p999_us']:8.0f} p99.9" for kind, x in of.items()
        ]
    return finish({"row": "i", "title": "latency added", "rates": found, "targets": []}, lines)


# -- j: many servers ---------------------------------------------------------------


def checking(stage, kind, port, count, seconds=10):
    """Memory and, at rest, processor time of a proxy with so many servers."""
    proxy = proxies.start(stage, kind, rig.addresses(count, port))
    time.sleep(6)
    memory = proxy.pss()
    before = proxy.cpu()
    time.sleep(seconds)
    percent = (proxy.cpu() - before) / seconds / 1e7
    proxy.stop()
    return {"pss": memory, "idle_percent": percent}


def cost_by_count(arguments, stage, port, counts):
    """One proxy of each kind for each count, all taking turns; their checks are
    rare, so that those at rest do not disturb."""
    case = cases.Case("j", "", "request", cases.requests(CONNECTIONS))
    contenders = {
        (kind, n): proxies.start(stage, kind, rig.addresses(n, port), check_every=60)
        for n in counts
        for kind in arguments.proxies
    }
    for proxy in contenders.values():
        case.load(stage, proxy, 1)
    return [
        {key: compared.cost(stage, case, proxy, arguments.seconds) for key, proxy in contenders.items()}
        for _ in range(arguments.rounds)
    ]


def many_servers(arguments, counts=(10, 100, 1000, 5000)):
    with rig.Rig(arguments.bin) as stage:
        _, port = stage.server("many", address="0.0.0.0")
        rest = {kind: {n: checking(stage, kind, port, n) for n in counts} for kind in arguments.proxies}
        rounds = cost_by_count(arguments, stage, port, counts)
    found, lines = {}, []
    for kind, of in rest.items():
        few, many = of[counts[0]], of[counts[-1]]
        each = (many["pss"] - few["pss"]) / (counts[-1] - counts[0])
        costs = {n: rig.spread([one[kind, n]["cost"] for one in rounds]) for n in counts}
        flat = {n: rig.spread([one[kind, n]["cost"] / one[kind, counts[0]]["cost"] for one in rounds]) for n in counts}
        errors = sum(one[kind, n]["errors"] for one in rounds for n in counts)
        found[kind] = {"bytes_per_server": each, "rest": of, "cost": costs, "to_first": flat, "errors": errors}
        lines.append(f"{kind:9}{each:8.0f} bytes a server, {errors} failed")
        lines += [
            f"{'':9}{n:6} servers: {costs[n]['median']:6.1f} us a request, {flat[n]['median']:.2f} "
            f"({flat[n]['min']:.2f}-{flat[n]['max']:.2f}) of {counts[0]} servers'; "
            f"{of[n]['idle_percent']:.2f} % of a core for checks every 2 s"
            for n in counts
        ]
    targets = []
    if ours := found.get("troupe"):
        each, ratio = ours["bytes_per_server"], ours["to_first"][1000]["median"]
        targets = [
            verdict("j", f"{each:.0f} bytes a server, wanted at most 4096", each <= 4096),
            verdict("j", f"with 1,000 servers {ratio:.2f} of the cost with 10, wanted at most 1.10", ratio <= 1.1),
        ]
    return finish({"row": "j", "title": "many servers with checks", "proxies": found, "targets": targets}, lines)
