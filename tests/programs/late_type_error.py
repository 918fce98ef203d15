# A hot loop over a list whose last item has the wrong type: the error comes out of compiled code.
def total(items):
    result = 0
    for item in items:
        result += item
    return result


items = list(range(5000))
print(total(items))
items.append("oops")
try:
    total(items)
except TypeError as error:
    print(error)
items[-1] = None
try:
    total(items)
except TypeError as error:
    print(error)
items[-1] = 0.5
print(total(items))
