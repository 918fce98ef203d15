# Calls, operators, lists, dicts and conditions spread over lines: LINE goes forwards and back again.
# expect: interpreted
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line - code.co_firstlineno))


def add(a, b, c=0):
    return a + b + c


def loop(n):
    total = 0
    for i in range(n):
        if i == 2000:
            mon.set_events(0, E.LINE)
        total += add(
            i,
            add(
                1,
                2,
            ),
            c=i
            - 1,
        )
        values = [
            i,
            total,
            i + 1,
        ]
        table = {
            "a": i,
            "b": values[
                2
            ],
        }
        if (
            table["b"] > 0
            and i % 2
        ):
            total -= (
                table["a"]
                +
                values[0]
            )
        if i == 2003:
            mon.set_events(0, 0)
    return total


mon.use_tool_id(0, "lines")
mon.register_callback(0, E.LINE, on_line)
result = loop(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
