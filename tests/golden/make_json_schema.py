#!/usr/bin/env python3
"""Documents and whether JSON Schemas allow them, by the jsonschema package.

  json_schema.txt   'S' and a schema, then its documents: '+' allowed, '-' not

A grammar has some of the documents that a schema allows and none that it does not: those marked '+' are
written as the grammar writes them (properties in order, one blank after : and ,), those marked '-' are
mutations that jsonschema refuses, or that are no JSON."""
import json, os, random
import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))
OBJ = {"type": "object", "properties": {"a": {"type": "integer"}, "bé": {"type": "string"}, "c": {"type": ["null", "boolean"]}}, "required": ["bé"]}
NODE = {"$defs": {"node": {"type": "object", "properties": {"v": {"type": "integer", "minimum": 0}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
        "required": ["v", "next"], "additionalProperties": False}}, "$ref": "#/$defs/node"}
CASES = [
    (True, ["1", "-0.5", '"x"', "null", "[]", "{}", '{"a": [1, {"b": true}]}', '"\\u00e9\\n😀"', "1e5"]),
    (OBJ | {"additionalProperties": False}, ['{"bé": "x"}', '{"a": 1, "bé": ""}', '{"a": -12, "bé": "y", "c": null}', '{"bé": "y", "c": true}']),
    (OBJ | {"additionalProperties": {"type": "integer"}}, ['{"bé": "x", "d": 3}', '{"bé": "x", "aa": 3, "b": 4}', '{"bé": "x", "bé2": 1}', '{"bé": "x", "": 0}']),
    ({"type": "object", "additionalProperties": {"type": "boolean"}}, ["{}", '{"x": true}', '{"x": true, "y": false}']),
    ({"type": "object", "required": ["z"], "additionalProperties": {"type": "number"}}, ['{"z": 1}', '{"z": 1, "y": 0.5}']),
    ({"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 3}, ["[1, 2]", "[1, 2, 3]"]),
    ({"type": "array", "items": {"type": "boolean"}, "maxItems": 2}, ["[]", "[true]", "[true, false]"]),
    ({"prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False}, ['[1, "x"]']),
    ({"prefixItems": [{"type": "integer"}], "items": {"type": "null"}, "minItems": 2}, ["[1, null]", "[1, null, null]"]),
    ({"enum": ["red", 3, None, {"a": [1]}, "qu\"o\\te"]}, ['"red"', "3", "null", '{"a":[1]}', '"qu\\"o\\\\te"']),
    ({"const": "only"}, ['"only"']), ({"type": "string", "enum": ["a", 1, "b"]}, ['"a"', '"b"']),
    ({"type": "string", "minLength": 2, "maxLength": 4}, ['"ab"', '"é가😀x"', '"\\n\\""', '"\\u00e9\\u0041"']),
    ({"type": "string", "pattern": "^[a-c]+[0-9]{2}$"}, ['"a00"', '"abc99"']),
    ({"type": "string", "pattern": "b[^x]|^q$"}, ['"abc"', '"b\\""', '"q"', '"xxb yy"']),
    ({"type": "string", "pattern": "^(?:\\d{1,3}|[\\w.]+@\\w+)$"}, ['"12"', '"a.b@c"']),
    ({"type": "string", "format": "date"}, ['"2024-02-28"', '"1999-12-31"', '"2000-04-30"']),
    ({"type": "string", "format": "uuid"}, ['"123e4567-e89b-12d3-a456-426614174000"']),
    ({"type": "string", "format": "ipv4"}, ['"127.0.0.1"', '"255.249.199.10"']),
    *[({"type": "integer", **limits}, good) for limits, good in [
        ({}, ["0", "-7", "123456789"]), ({"minimum": 0}, ["0", "10", "99999"]), ({"minimum": -5, "maximum": 5}, ["-5", "0", "5", "-1"]),
        ({"minimum": 137, "maximum": 2050}, ["137", "999", "1000", "2050", "200"]), ({"exclusiveMinimum": 9, "exclusiveMaximum": 101}, ["10", "100", "55"]),
        ({"maximum": -10}, ["-10", "-99", "-100"]), ({"minimum": -1234, "maximum": -99}, ["-1234", "-99", "-100", "-999"]), ({"minimum": 7, "maximum": 7}, ["7"]),
        ({"minimum": 0.5, "maximum": 2.5}, ["1", "2"]), ({"exclusiveMinimum": 0.5, "maximum": 19}, ["1", "19", "9", "10"])]],
    *[({"type": "number", **limits}, good) for limits, good in [
        ({}, ["0", "-1.5", "2e-3"]), ({"minimum": 0, "maximum": 1}, ["0", "0.5", "1", "0.999"]), ({"exclusiveMinimum": 0}, ["0.1", "1", "12.5"]),
        ({"minimum": -2, "exclusiveMaximum": 3}, ["-2", "-1.5", "-0.5", "0", "2.9"]), ({"maximum": -3}, ["-3", "-4.25", "-10"]), ({"exclusiveMaximum": 0}, ["-0.5", "-1"])]],
    (NODE, ['{"v": 1, "next": null}', '{"v": 1, "next": {"v": 2, "next": null}}']),
    ({"oneOf": [{"type": "string", "maxLength": 1}, {"type": "integer"}]}, ['"a"', "5"]),
    ({"oneOf": [{"type": "object", "properties": {"k": {"const": "a"}, "x": {"type": "integer"}}, "required": ["k", "x"]},
                {"type": "object", "properties": {"k": {"const": "b"}}, "required": ["k"]}]}, ['{"k": "a", "x": 1}', '{"k": "b"}']),
    ({"allOf": [{"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}}, {"properties": {"a": {"maximum": 5}, "b": {"type": "null"}}, "required": ["a"]}]},
     ['{"a": 3}', '{"a": 5, "b": null}']),
    ({"type": "integer", "minimum": 2, "anyOf": [{"maximum": 4}, {"minimum": 8}]}, ["2", "4", "8", "11"]),
    ({"$defs": {"n": {"type": "integer"}}, "type": "array", "items": {"$ref": "#/$defs/n", "minimum": 3}}, ["[]", "[3, 4]"]),
]


def allowed(schema, text):
    try:
        document = json.loads(text)
    except ValueError:
        return False
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).is_valid(document)


def mutate(text, r):
    for _ in range(r.randrange(1, 4)):
        i = r.randrange(len(text) + 1)
        kind = r.randrange(4)
        if kind == 0:
            text = text[:i] + r.choice('0123456789-."[]{},:abcxyz \\né') + text[i:]
        elif kind == 1:
            text = text[:i] + text[i + 1:]
        elif kind == 2:
            text = text[:i] + r.choice("0123456789-.xb\"}") + text[i + 1:]
        else:
            text = text[:i] + text[i:i + 5] + text[i:]
    return text


r = random.Random(9)
with open(os.path.join(HERE, "json_schema.txt"), "w") as to:
    for schema, good in CASES:
        print("S", json.dumps(schema, ensure_ascii=False), file=to)
        for text in good:
            assert allowed(schema, text), (schema, text)
            print("+", text, file=to)
        bad = set()
        for text in ["", "x", "[", "null", "1", "true", '"x"', "{}", "[]", "[1]", '{"a":1}', "0.5", "-1", "1000000", '""', '{"a": 1, "a": 1.5}']:
            bad |= {text} if not allowed(schema, text) else set()
        for _ in range(120):
            text = mutate(r.choice(good), r)
            if "\n" not in text and not allowed(schema, text):
                bad.add(text)
        for text in sorted(bad):
            print("-", text, file=to)
