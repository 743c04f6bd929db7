# SPDX-License-Identifier: BSD-3-Clause
"""The contenders, each configured for the same work, one worker each."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import rig


class Proxy:
    """One running proxy under test."""

    kind = ""

    def __init__(
        self, stage, servers, mode="http", access_log=None, check_every=2, splice=False, tuned=True, hosts=()
    ):
        """servers: ports of this machine, or ADDRESS:PORT. access_log: a file.
        splice: HAProxy's option; troupe decides by itself, nginx cannot.
        tuned: kept connections to servers as they cost HAProxy and nginx least, not their
        defaults. troupe has its defaults in any case.
        hosts: those that are served, each by a rule of its own, and no others."""
        self.stage = stage
        self.servers = [f"127.0.0.1:{x}" if isinstance(x, int) else x for x in servers]
        self.mode = mode
        self.access_log = access_log
        self.check_every = check_every
        self.splice = splice
        self.tuned = tuned
        self.hosts = list(hosts)
        self.port = rig.free_port()
        self.directory = stage.directory / f"{self.kind}-{self.port}"
        self.directory.mkdir()
        self.child = stage.start(self.command(), rig.PROXY_CORE, self.kind)
        rig.wait_for(
            lambda: rig.accepts(self.port) or self.child.poll() is not None, f"{self.kind} listens", 60
        )
        if self.child.poll() is not None:
            sys.exit(f"{self.kind} ended: " + (stage.directory / f"{self.kind}.log").read_text()[-2000:])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        rig.stop(self.child)

    def reload(self):
        """The same configuration again, as an operator asks for it."""
        self.child.send_signal(signal.SIGHUP)

    def pids(self):
        """The process and its children; nginx works in a child."""
        found = [self.child.pid]
        for task in os.listdir(f"/proc/{self.child.pid}/task"):
            with open(f"/proc/{self.child.pid}/task/{task}/children") as children:
                found += map(int, children.read().split())
        return found

    def cpu(self):
        """Nanoseconds used so far by all threads, by the scheduler's count."""
        total = 0
        for pid in self.pids():
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                    total += int(file.read().split()[0])
        return total

    def ticks(self):
        """The kernel's coarser count: (user, system)."""
        user = system = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            user += int(fields[11])
            system += int(fields[12])
        return user, system

    def pss(self):
        """Bytes of memory, shared pages counted in part."""
        return self.memory("smaps_rollup", "Pss:")

    def rss(self):
        return self.memory("status", "VmRSS")

    def memory(self, file, key):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/{file}") as lines:
                total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))
        return total

    def idle_bytes(self, count, rest):
        """What `count` connections cost that each made one request and rest."""
        rig.wrk(self.url + "/", 64, 2)  # what is built up by any work at all
        time.sleep(rest)
        before = self.pss()
        links = [rig.one_request(self.port) for _ in range(count)]
        time.sleep(rest)
        idle = self.pss()
        for link in links:
            link.close()
        time.sleep(rest)
        return {
            "pss_before": before,
            "pss_idle": idle,
            "pss_closed": self.pss(),
            "bytes_per_connection": (idle - before) / count,
        }


class Troupe(Proxy):
    kind = "troupe"

    def __init__(self, stage, servers, backend=None, workers=1, frontend=None, per_server=None, **options):
        self.backend = backend or {}
        self.frontend = frontend or {}
        self.per_server = per_server or {}
        self.workers = workers
        self.order = 1  # of the servers in the file; -1 is the last one first
        self.metrics_port = rig.free_port()
        super().__init__(stage, servers, **options)

    def config(self, **backend):
        return {
            "global": {
                "workers": self.workers,
                "state_dir": str(self.directory),
                "log": {"level": "warn"},
                **({"access_log": {"path": str(self.access_log)}} if self.access_log else {}),
            },
            "admin": {"socket": str(self.directory / "admin.sock")},
            "metrics": {"listen": f"127.0.0.1:{self.metrics_port}"},
            "health_check_defaults": {"interval": f"{self.check_every}s"},
            "frontends": [
                {
                    "name": "web",
                    "protocol": self.mode,
                    "listen": f"127.0.0.1:{self.port}",
                    **({"routes": self.routes()} if self.hosts else {"backend": "app"}),
                    **({"http": {"timeout_keep_alive": "600s"}} if self.mode == "http" else {}),
                    **self.frontend,
                }
            ],
            "backends": [
                {
                    "name": "app",
                    "servers": [
                        {"name": f"a{n + 1}", "address": address, **self.per_server}
                        for n, address in enumerate(self.servers)
                    ][:: self.order],
                    **self.backend,
                    **backend,
                }
            ],
        }

    def routes(self):
        return [{"match": {"host": [host]}, "backend": "app"} for host in self.hosts]

    def write(self, **backend):
        file = self.directory / "troupe.yaml"
        file.with_suffix(".new").write_text(json.dumps(self.config(**backend), indent=None if self.hosts else 2))
        os.replace(file.with_suffix(".new"), file)
        return file

    def command(self):
        return [self.stage.bin / "trouped", "-c", self.write()]

    def metric(self, name):
        """The sum of all series of this name."""
        with socket.create_connection(("127.0.0.1", self.metrics_port), 5) as link:
            link.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            text = b""
            while data := link.recv(65536):
                text += data
        values = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)\r?$", text.decode(), re.M)
        return sum(map(float, values))

    def reload(self):
        before = self.metric("troupe_config_generation")
        self.write(timeout_connect=f"{2000 + int(before)}ms")
        super().reload()
        rig.wait_for(lambda: self.metric("troupe_config_generation") > before, "a reload")


class Haproxy(Proxy):
    """In master-worker mode, as its packages run it: reloads need it."""

    kind = "haproxy"

    def choice(self):
        """Its way with many hosts is a map file."""
        if not self.hosts:
            return "default_backend app"
        file = self.directory / "hosts.map"
        file.write_text("".join(f"{host} app\n" for host in self.hosts))
        return f"use_backend %[req.hdr(host),field(1,:),lower,map_str({file})]"

    def command(self):
        lines = "\n".join(
            f"  server a{n + 1} {address} check inter {self.check_every}s"
            for n, address in enumerate(self.servers)
        )
        log = "  log global\n  option httplog\n" if self.access_log else ""
        splice = "  option splice-request\n  option splice-response\n" if self.splice else ""
        reuse = "  http-reuse always\n" if self.tuned else ""
        http = f"""{reuse}  option forwardfor
  unique-id-format %[uuid()]
"""
        heads = """  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request add-header Via "1.1 haproxy"
  unique-id-header X-Request-Id
"""
        file = self.directory / "haproxy.cfg"
        file.write_text(
            f"""global
  nbthread 1
  maxconn {9000 - len(self.servers) // 2}
  maxpipes 256
{"  log stdout len 4096 format raw local0 info" if log else ""}
defaults
  mode {self.mode}
{splice}{log}  timeout connect 3s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
{http if self.mode == "http" else ""}
frontend web
  bind 127.0.0.1:{self.port}
{heads if self.mode == "http" else ""}  {self.choice()}
backend app
  balance roundrobin
{lines}
"""
        )
        command = ["haproxy", "-W", "-f", str(file)]
        if self.access_log:
            return ["sh", "-c", f"exec {' '.join(command)} >> {self.access_log}"]
        return command

    def reload(self):
        self.child.send_signal(signal.SIGUSR2)


class Nginx(Proxy):
    """Cannot probe its servers."""

    kind = "nginx"

    def keepalive(self):
        """By default nginx of this age keeps no connection to a server."""
        if not self.tuned:
            return ""
        return f"""    keepalive {256 + len(self.servers)};
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
"""

    def hash_tables(self):
        """It does not start with many names in tables of the default size."""
        size = 1 << max(9, (4 * len(self.hosts)).bit_length())
        return f"  server_names_hash_max_size {size};\n  server_names_hash_bucket_size 128;\n" if self.hosts else ""

    def http(self, servers):
        log = f"access_log {self.access_log};" if self.access_log else "access_log off;"
        version = 'proxy_http_version 1.1;\n      proxy_set_header Connection "";' if self.tuned else ""
        return f"""http {{
  {log}
  keepalive_timeout 600s;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path {self.directory}/body;
  proxy_temp_path {self.directory}/proxy;
  fastcgi_temp_path {self.directory}/fastcgi;
  uwsgi_temp_path {self.directory}/uwsgi;
  scgi_temp_path {self.directory}/scgi;
{self.hash_tables()}  upstream app {{
{servers}
{self.keepalive()}  }}
{self.virtual_hosts(version)}}}
"""

    def virtual_hosts(self, version):
        """Its way with many hosts is a server block for each."""
        location = f"""    location / {{
      proxy_pass http://app;
      {version}
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_buffers 8 32k;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto http;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header Via "1.1 nginx";
    }}
"""
        listen = f"    listen 127.0.0.1:{self.port} backlog=4096;\n"
        if not self.hosts:
            return f"  server {{\n{listen}{location}  }}\n"
        # The socket's options are those of the first block.
        blocks = [f"  server {{\n{listen}    return 404;\n  }}\n"]
        listen = f"    listen 127.0.0.1:{self.port};\n"
        blocks += [f"  server {{\n{listen}    server_name {host};\n{location}  }}\n" for host in self.hosts]
        return "".join(blocks)

    def stream(self, servers):
        return f"""stream {{
  upstream app {{
{servers}
  }}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    proxy_pass app;
    proxy_buffer_size 32k;
    proxy_half_close on;  # as the others: what the server still has to say is delivered
  }}
}}
"""

    def command(self):
        servers = "\n".join(f"    server {address};" for address in self.servers)
        file = self.directory / "nginx.conf"
        file.write_text(
            f"""daemon off;
{"load_module /usr/lib/nginx/modules/ngx_stream_module.so;" if self.mode == "tcp" else ""}
{rig.nginx_user()}
worker_processes 1;
worker_rlimit_nofile 19000;
pid {self.directory}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 19000; }}
{self.http(servers) if self.mode == "http" else self.stream(servers)}"""
        )
        return ["nginx", "-p", self.directory, "-c", file, "-e", self.directory / "error.log"]


KINDS = {"troupe": Troupe, "haproxy": Haproxy, "nginx": Nginx}


def start(stage, kind, servers, **options):
    return KINDS[kind](stage, servers, **options)


def version(kind, stage):
    """As each calls itself."""
    command = {
        "troupe": [stage.bin / "trouped", "--version"],
        "haproxy": ["haproxy", "-v"],
        "nginx": ["nginx", "-v"],
    }[kind]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return (result.stdout + result.stderr).splitlines()[0]
