# Loops whose body stands on the header's line give one LINE for the whole loop, hot or not.
# expect: native
import sys

mon = sys.monitoring
E = mon.events
log = []


def on_line(code, line):
    log.append("LINE %s %d" % (code.co_name, line))


def one_line_for(n):
    x = 0
    for i in range(n): x += i
    return x


def one_line_while(n):
    x = 0
    while n: n -= 1; x += n
    return x


def two_lines(n):
    x = 0
    for i in range(n):
        x += i
    return x


def run(n):
    a = one_line_for(n) + one_line_while(n)
    mon.set_events(0, E.LINE)
    b = one_line_for(n) + one_line_while(n)
    b += two_lines(3)
    mon.set_events(0, 0)
    c = one_line_for(n) + one_line_while(n)
    return a, b, c


mon.use_tool_id(0, "lines")
mon.register_callback(0, E.LINE, on_line)
result = run(5000)
mon.free_tool_id(0)
print("\n".join(log))
print("result", result)
