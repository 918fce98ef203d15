# try/except/else/finally in hot loops: order of the blocks, return in finally avoided, nested handlers.
def order(n):
    seen = []
    for i in range(n):
        try:
            if i % 4 == 0:
                raise ValueError(i)
            if i % 4 == 1:
                raise KeyError(i)
        except ValueError:
            mark = "v"
        except KeyError:
            mark = "k"
        else:
            mark = "e"
        finally:
            mark = "f"
            seen.append(i % 3)
    return len(seen), mark, sum(seen)


def nested(n):
    total = 0
    for i in range(n):
        try:
            try:
                total += 1 // (i % 2)
            except ZeroDivisionError:
                total += 10
                if i % 6 == 0:
                    raise
            finally:
                total += 100
        except ZeroDivisionError as error:
            total += 1000
    return total


def returns(i):
    try:
        if i % 2:
            return i
        raise ValueError
    except ValueError:
        return -i
    finally:
        counts[0] += 1


counts = [0]
print(order(5000))
print(nested(5000))
print(sum([returns(i) for i in range(5001)]), counts)
