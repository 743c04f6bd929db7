# SPDX-License-Identifier: BSD-3-Clause
"""One case of the table: rounds, times at a fixed rate, system calls."""

import statistics
import subprocess
import sys
import time

import cases
import proxies
import rig

PACED_ROUNDS = 12
PACED_SECONDS = 1
TRACED_SECONDS = 2


def cost(stage, case, proxy, seconds):
    """One run. @returns what was done and the processor time of a unit: the
    scheduler's sum, split as the kernel's ticks fell."""
    used, (user, system) = proxy.cpu(), proxy.ticks()
    result = case.load(stage, proxy, seconds)
    used, ticks = proxy.cpu() - used, proxy.ticks()
    user, system = ticks[0] - user, ticks[1] - system
    result["cost"] = used / case.scale / (result["units"] or float("nan"))
    result["user"] = result["cost"] * user / max(1, user + system)
    result["system"] = result["cost"] - result["user"]
    result["per_second"] = result["units"] / seconds
    return result


def ratios(rounds, kinds, key):
    """Of the first proxy to each other, round by round."""
    return {
        kind: rig.spread([one[kinds[0]][key] / one[kind][key] for one in rounds]) for kind in kinds[1:]
    }


def paced(stage, case, contenders, rate):
    """Times at one rate for all, from when each request was due."""
    kind, connections = case.paced
    options = ("--connections", connections, "--rate", rate)
    with rig.awake(rig.PROXY_CORE):
        return [
            {
                name: cases.generate(stage, proxy, PACED_SECONDS, kind, *options)
                for name, proxy in contenders.items()
            }
            for _ in range(PACED_ROUNDS)
        ]


def system_calls(stage, case, proxy):
    """Of one unit, counted by strace in a pass of its own."""
    file = stage.directory / "strace"
    pids = [word for pid in proxy.pids() for word in ("-p", str(pid))]
    tracer = subprocess.Popen(
        ["strace", "-c", "-f", "-qq", "-o", str(file), *pids], preexec_fn=rig.on_core(rig.LOAD_CORE)
    )
    time.sleep(0.5)
    done = case.load(stage, proxy, TRACED_SECONDS)["units"]
    tracer.terminate()
    tracer.wait()
    lines = [line.split() for line in file.read_text().splitlines()]
    calls = {words[-1]: int(words[3]) for words in lines if len(words) > 4 and words[3].isdigit()}
    total = calls.pop("total", 0)
    return {"per_unit": total / done if done else None, "calls": calls, "units": done}


def judge(case, row, kinds):
    def verdict(text, value, bound):
        return {"text": f"{case.row}, {case.title}: {text}", "value": value, "met": value <= bound}

    if kinds[0] != "troupe":
        return []
    found = []
    for kind, ratio in row["ratio"].items():
        bound = case.target if kind == "haproxy" else 1.0
        if bound:
            value = ratio["median"]
            found.append(verdict(f"{value:.2f} of {kind}'s cost, wanted at most {bound:.2f}", value, bound))
    if "haproxy" in kinds and "p99_us" in row["proxies"]["haproxy"]:
        value = row["proxies"]["troupe"]["p99_us"] / row["proxies"]["haproxy"]["p99_us"]
        found.append(verdict(f"p99 at half load {value:.2f} of haproxy's, wanted at most 1.00", value, 1.0))
    failed = row["proxies"]["troupe"]["errors"]
    found.append(verdict(f"{failed} failed, wanted 0", failed, 0))
    return found


def measure(case, arguments):
    kinds = arguments.proxies
    with rig.Rig(arguments.bin) as stage:
        files = case.server_mode == "files"
        servers = stage.origin() if files else stage.one_as_many(case.servers, case.server_mode)
        contenders = {
            kind: proxies.start(
                stage,
                kind,
                servers,
                mode=case.mode,
                splice=case.splice,
                tuned=case.tuned,
                access_log=stage.directory / f"{kind}-access.log" if case.log else None,
            )
            for kind in kinds
        }
        for proxy in contenders.values():
            case.load(stage, proxy, 1)
        rounds = [
            {kind: cost(stage, case, proxy, arguments.seconds) for kind, proxy in contenders.items()}
            for _ in range(arguments.rounds)
        ]
        row = summary(case, rounds, kinds)
        if case.paced:
            rate = min(x["per_second"] for x in row["proxies"].values()) / 2
            times = paced(stage, case, contenders, rate)
            add_times(row, times, kinds, rate)
        for kind, proxy in contenders.items():
            row["proxies"][kind]["system_calls"] = system_calls(stage, case, proxy)
    row["targets"] = judge(case, row, kinds)
    show(case, row)
    return row


def summary(case, rounds, kinds):
    return {
        "row": case.row,
        "title": case.title,
        "unit": case.unit,
        "target": case.target,
        "proxies": {
            kind: {
                **{
                    key: statistics.median(one[kind][key] for one in rounds)
                    for key in ("cost", "user", "system", "per_second")
                },
                "errors": sum(one[kind]["errors"] for one in rounds),
            }
            for kind in kinds
        },
        "ratio": ratios(rounds, kinds, "cost"),
        "rounds": rounds,
    }


def quiet(times):
    """The lower quartile: what a machine adds by itself is never less than nothing,
    and a host that takes a core away for milliseconds makes most of any p99."""
    return statistics.quantiles(times, n=4)[0]


def add_times(row, times, kinds, rate):
    """p50 and p99 of a quarter of a second, p99.9 of a second."""
    row["paced_rate"] = rate
    row["paced_rounds"] = times
    for kind in kinds:
        of = row["proxies"][kind]
        rounds = [one[kind] for one in times]
        for key in ("p50_us", "p99_us"):
            of[key] = quiet([part[key] for one in rounds for part in one["parts"]])
        of["p999_us"] = quiet([one["p999_us"] for one in rounds])
        of["errors"] += sum(one["failed"] for one in rounds)


def show(case, row):
    cost_unit = "us" if case.scale == 1e3 else "ms"
    print(f"\n{case.row}  {case.title}   (processor time in {cost_unit} a {case.unit})")
    print(
        f"{'':9}{'cost':>8}{'user':>8}{'system':>8}   {'ratio (spread)':18}{'a second':>10}"
        f"{'p50 us':>8}{'p99':>8}{'p99.9':>8}{'syscalls':>10}{'failed':>8}"
    )
    for kind, x in row["proxies"].items():
        ratio = row["ratio"].get(kind)
        words = f"{ratio['median']:.2f} ({ratio['min']:.2f}-{ratio['max']:.2f})" if ratio else ""
        times = [f"{x[key]:8.0f}" if key in x else f"{'-':>8}" for key in ("p50_us", "p99_us", "p999_us")]
        calls = x["system_calls"]["per_unit"]
        print(
            f"{kind:9}{x['cost']:8.1f}{x['user']:8.1f}{x['system']:8.1f}   {words:18}{x['per_second']:10.{0 if x['per_second'] > 100 else 2}f}"
            f"{''.join(times)}{calls or 0:10.1f}{x['errors']:8}"
        )
    for verdict in row["targets"]:
        print(f"  {'met   ' if verdict['met'] else 'MISSED'} {verdict['text'].split(': ', 1)[1]}")
    sys.stdout.flush()
