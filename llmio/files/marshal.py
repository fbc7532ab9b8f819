"""How Ruby writes values down (Marshal 4.8), as far as names of variations need it."""

from __future__ import annotations

from typing import Any


class Symbol(str):
    """A Ruby symbol."""

    __slots__ = ()


def dump(value: Any) -> bytes:
    """As `Marshal.dump` does: whole numbers up to 30 bits, true, false, nil, text, symbols, arrays, hashes."""
    return b"\x04\x08" + _value(value, {})


def _value(value: Any, seen: dict[str, int]) -> bytes:
    if value is None or value is True or value is False:
        return {None: b"0", True: b"T", False: b"F"}[value]
    if isinstance(value, Symbol):
        return _symbol(value, seen)
    if isinstance(value, str):
        data = value.encode()
        return b'I"' + _number(len(data)) + data + _number(1) + _symbol(Symbol("E"), seen) + b"T"
    if isinstance(value, int):
        return b"i" + _number(value)
    if isinstance(value, list):
        return b"[" + _number(len(value)) + b"".join(_value(one, seen) for one in value)
    if isinstance(value, dict):
        return b"{" + _number(len(value)) + b"".join(_value(k, seen) + _value(v, seen) for k, v in value.items())
    raise TypeError(f"cannot write {type(value).__name__} as Ruby does")


def _symbol(name: Symbol, seen: dict[str, int]) -> bytes:
    """The second time a symbol is only a number."""
    if name in seen:
        return b";" + _number(seen[name])
    seen[name] = len(seen)
    data = name.encode()
    return b":" + _number(len(data)) + data


def _number(value: int) -> bytes:
    if value == 0:
        return b"\x00"
    if 0 < value < 123:
        return bytes([value + 5])
    if -124 < value < 0:
        return bytes([(value - 5) & 0xFF])
    size = next(size for size in range(1, 5) if -(1 << 8 * size) <= value < 1 << 8 * size)
    return bytes([size if value > 0 else 256 - size]) + (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")
