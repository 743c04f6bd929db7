# SPDX-License-Identifier: BSD-3-Clause
"""The ratios of a table as a picture."""

import subprocess

SCRIPT = """set terminal pngcairo size 1100,{height} font 'sans,11'
set output '{file}'
set title 'Processor time of troupe, as a share of the other proxy. Less is better.'
set xrange [0:{right}]
set yrange [{bottom}:0.6]
set grid xtics
set arrow from 1,graph 0 to 1,graph 1 nohead lw 2 lc rgb '#888888'
set key outside bottom center horizontal
set lmargin 48
set ytics ({labels})
plot '-' using 1:2:3:4 with xerrorbars pt 7 ps 1.3 lw 2 lc rgb '#1f6fb4' title 'of HAProxy (spread over rounds)', \\
     '-' using 1:2:3:4 with xerrorbars pt 5 ps 1.3 lw 2 lc rgb '#2a9d5c' title 'of nginx', \\
     '-' using 1:2 with points pt 2 ps 1.6 lw 2 lc rgb '#c0392b' title 'target, of HAProxy'
"""


def points(rows, kind, shift):
    lines = []
    for n, row in enumerate(rows):
        if ratio := row["ratio"].get(kind):
            lines.append(f"{ratio['median']} {-n + shift} {ratio['min']} {ratio['max']}")
    return "\n".join([*lines, "e", ""])


def ratios(rows, file):
    rows = [row for row in rows if "ratio" in row]
    labels = ", ".join(f"'{row['row']}  {row['title']}' {-n}" for n, row in enumerate(rows))
    right = max([1.2, *(x["max"] * 1.05 for row in rows for x in row["ratio"].values())])
    script = SCRIPT.format(
        height=160 + 45 * len(rows), file=file, right=right, bottom=0.4 - len(rows), labels=labels
    )
    script += points(rows, "haproxy", 0.12) + points(rows, "nginx", -0.12)
    targets = [f"{row['target']} {-n + 0.12}" for n, row in enumerate(rows) if row["target"]]
    script += "\n".join([*targets, "e", ""])
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
