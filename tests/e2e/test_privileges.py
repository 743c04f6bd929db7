# SPDX-License-Identifier: BSD-3-Clause
"""Started as root to become somebody else: what that user may have prepared."""

import os
import pwd
import stat

from harness import Skip, eventually, limit
from harness.processes import free_port


def nobody():
    if os.geteuid() != 0:
        raise Skip("needs root")
    return pwd.getpwnam("nobody")


class Place:
    """root's directory, with one of the user in it; and a file of root's."""

    def __init__(self, t):
        self.user = nobody()
        t.directory.chmod(0o755)
        self.users = t.directory / "users"
        self.users.mkdir()
        self.own(self.users)
        self.secret = t.directory / "secret"
        self.secret.write_text("roots-secret\n")
        self.secret.chmod(0o600)

    def own(self, path):
        os.lchown(path, self.user.pw_uid, self.user.pw_gid)

    def plant(self, target, at):
        os.symlink(target, at)
        self.own(at)
        return at

    def untouched(self, path=None):
        path = path or self.secret
        assert os.stat(path).st_uid == 0, f"{path} was given away"
        assert self.secret.read_text() == "roots-secret\n"
        assert stat.S_IMODE(os.stat(self.secret).st_mode) == 0o600


def node_of(t, place, cluster=False, environment=None, **config):
    node = t.node(t.servers("a1"), start=False, environment=environment)
    node.config["global"]["user"] = "nobody"
    for key, value in config.items():
        node.config.setdefault(key, {}).update(value)
    if cluster:
        listen = f"127.0.0.1:{free_port()}"
        node.config["cluster"] = {"name": "prod", "listen": listen, "insecure": True}
        node.config["cluster"]["nodes"] = [{"name": "lb1", "address": listen}]
        node.environment = {"TROUPE_NODE": "lb1", **(environment or {})}
    place.own(node.directory)
    return node


def refused(node, *words):
    """It does not start, and says why in one line that has these words."""
    node.write()
    node.launch()
    code = node.process.wait(60)
    log = node.log()
    assert code == 1, f"exit code {code}: {log}"
    complaints = [line for line in log.splitlines() if all(word in line for word in words)]
    assert len(complaints) == 1, log
    return log


@limit(120)
def test_a_log_that_is_a_link_or_a_second_name_gives_nothing_away(t):
    place = Place(t)
    log = place.users / "access.log"
    for name, make in (
        ("planted", lambda: place.plant(place.secret, log)),
        ("roots", lambda: os.symlink(place.secret, log)),
        ("hard", lambda: os.link(place.secret, log)),
        ("new", lambda: place.plant(t.directory / "made", log)),
    ):
        make()
        node = node_of(t, place, **{"global": {"access_log": {"path": str(log)}}})
        refused(node, str(log), "more than one name" if name == "hard" else "symbolic link")
        place.untouched()
        os.unlink(log)
    assert not (t.directory / "made").exists()


@limit(120)
def test_a_directory_on_the_way_that_is_a_link_gives_nothing_away(t):
    place = Place(t)
    roots = t.directory / "etc"
    roots.mkdir()
    way = place.plant(roots, place.users / "way")
    node = node_of(t, place, **{"global": {"access_log": {"path": str(way / "access.log")}}})
    refused(node, "access.log", "others than root")
    node = node_of(t, place, admin={"socket": str(way / "admin.sock")})
    refused(node, "admin.socket", "others than root")
    node = node_of(t, place)
    node.config["frontends"][0]["listen"] = f"unix:{way}/web.sock"
    refused(node, "frontend web", "others than root")
    node = node_of(t, place, cluster=True, **{"global": {"state_dir": str(way / "state")}})
    refused(node, "state_dir", "others than root")
    assert list(roots.iterdir()) == []
    place.untouched(roots)


@limit(120)
def test_state_that_is_a_link_gives_nothing_away(t):
    place = Place(t)
    roots = t.directory / "etc"
    roots.mkdir()
    state = place.plant(roots, place.users / "state")
    node = node_of(t, place, cluster=True, **{"global": {"state_dir": str(state)}})
    refused(node, "state_dir", "symbolic link")
    place.untouched(roots)
    os.unlink(state)
    state.mkdir(mode=0o700)
    place.own(state)
    for name in ("lock", "register", "register.new", "history", "operators", "verdicts"):
        os.link(place.secret, state / name)
        node = node_of(t, place, cluster=True, **{"global": {"state_dir": str(state)}})
        refused(node, "state_dir", "more than one name")
        place.untouched()
        os.unlink(state / name)
    place.plant(place.secret, state / "other")
    place.plant(place.secret, state / "register.new")
    node = node_of(t, place, cluster=True, **{"global": {"state_dir": str(state)}})
    node.start()
    eventually(lambda: node.metric("cluster_generation") == 1, 20)
    place.untouched()
    owners = {file.name: file.lstat().st_uid for file in state.iterdir()}
    assert set(owners.values()) == {place.user.pw_uid}, owners


@limit(120)
def test_a_token_that_is_a_planted_link_is_not_read(t):
    place = Place(t)
    token = place.plant(place.secret, place.users / "token")
    listen = f"127.0.0.1:{free_port()}"
    admin = {"listen": listen, "tokens": [{"file": str(token), "role": "operator"}]}
    said = refused(node_of(t, place, admin=admin), "admin.tokens[0].file", "others than root")
    assert "roots-secret" not in said
    # Links that root alone can have made lead on: mounted secrets are such.
    real = t.directory / "mounted"
    real.symlink_to(place.secret)
    admin["tokens"][0]["file"] = str(real)
    node = node_of(t, place, admin=admin)
    node.start()
    assert node.get().status == 200


@limit(120)
def test_what_an_ordinary_start_makes_is_the_users(t):
    place = Place(t)
    log = place.users / "access.log"
    node = node_of(t, place, cluster=True, **{"global": {"access_log": {"path": str(log)}}})
    node.start()
    assert node.get().status == 200
    eventually(lambda: '"path"' in log.read_text())
    for path in (log, node.socket, node.directory / "state", node.directory / "state" / "lock"):
        assert os.lstat(path).st_uid == place.user.pw_uid, path
    os.rename(log, place.users / "access.log.1")
    node.process.signal(10)  # SIGUSR1
    eventually(log.exists, 10, "the log is opened anew")
    assert node.get().status == 200
    eventually(lambda: '"path"' in log.read_text())
    # What the process says about itself is still known.
    assert node.metric("process_open_fds") > 5 and node.metric("process_resident_memory_bytes") > 1 << 20
    assert "running as root" not in node.log()


@limit(120)
def test_devices_are_logged_to_and_stay_roots(t):
    place = Place(t)
    for path in ("/dev/null", "/dev/stdout", "-"):
        node = node_of(t, place, **{"global": {"access_log": {"path": path}}})
        node.start()
        assert node.get().status == 200
        if path != "/dev/null":
            eventually(lambda: '"path"' in node.stdout.read_text())
        assert os.stat("/dev/null").st_uid == 0
        assert os.stat(node.stdout).st_uid == os.geteuid()
        node.stop()


def test_root_that_stays_root_is_told_so_and_a_check_is_not(t):
    nobody()
    node = t.node(t.servers("a1"))
    eventually(lambda: "running as root" in node.log() and "global.user" in node.log())
    import subprocess

    command = [str(t.binary("trouped")), "--check", "-c", str(node.file)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert result.returncode == 0 and "root" not in result.stdout + result.stderr.replace("/root", ""), result


@limit(120)
def test_no_core_dump_and_no_other_process_of_the_user_sees_secrets(t):
    place = Place(t)

    def owner_of_memory(node):
        return os.stat(f"/proc/{node.process.pid}/mem").st_uid

    def become_user(node):
        """It says that it is ready a moment before."""
        with open(f"/proc/{node.process.pid}/status") as status:
            uids = next(line.split()[1:] for line in status if line.startswith("Uid:"))
        return uids == [str(place.user.pw_uid)] * 4

    def core_limit(node):
        with open(f"/proc/{node.process.pid}/limits") as limits:
            return next(line.split()[4:6] for line in limits if line.startswith("Max core file size"))

    node = node_of(t, place)
    node.start()
    if core_limit(node) != ["0", "0"]:
        raise Skip("a build whose sanitizer looks into itself")
    eventually(lambda: become_user(node), what="it is the user")
    assert owner_of_memory(node) == 0
    node.stop()
    allowed = node_of(t, place, **{"global": {"core_dumps": True}})
    allowed.start()
    eventually(lambda: owner_of_memory(allowed) == place.user.pw_uid, what="the memory is the user's")
