# Quicksort and binary search over lists of ints, then of mixed ints and floats.
def partition(items, low, high):
    pivot = items[(low + high) // 2]
    i = low
    j = high
    while i <= j:
        while items[i] < pivot:
            i += 1
        while items[j] > pivot:
            j -= 1
        if i <= j:
            items[i], items[j] = items[j], items[i]
            i += 1
            j -= 1
    return i, j


def quicksort(items, low, high):
    if low < high:
        i, j = partition(items, low, high)
        quicksort(items, low, j)
        quicksort(items, i, high)


def search(items, x):
    low = 0
    high = len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


items = [i * 7919 % 2003 for i in range(2003)]
quicksort(items, 0, len(items) - 1)
print(items == list(range(2003)), sum([search(items, x) for x in range(0, 2100, 3)]))
mixed = [(i * 31 % 997) / 2 if i % 3 else i * 31 % 997 for i in range(997)]
expected = sorted(mixed)
quicksort(mixed, 0, len(mixed) - 1)
print(mixed == expected, mixed[:8])
