#!/bin/sh
# test_form.sh MYNAH - answers that keep to a grammar, end before a text, and are drawn as told; the tiny model.
. "$(dirname "$0")/lib.sh"
assets=$(cd "$(dirname "$0")/../../assets" && pwd)

cat >"$dir/city.gbnf" <<'END'
root ::= "{" ws "\"city\":" ws "\"" [A-Z] [a-z]{2,12} "\"," ws "\"people\":" ws [1-9] [0-9]{0,7} ws "}"
ws   ::= " "?
END
city='^\{ ?"city": ?"[A-Z][a-z]{2,12}", ?"people": ?[1-9][0-9]{0,7} ?\}$'
for seed in 1 2 3; do
    try "a grammar, seed $seed" 0 ask -m tiny --seed $seed --temp 1.5 --grammar "$dir/city.gbnf" 'A city and its people, as JSON.' &&
        has "a grammar, seed $seed" "$city"
done
try "a grammar, greedy" 0 ask -m tiny --temp 0 --grammar "$dir/city.gbnf" 'A city and its people, as JSON.' && has "a grammar, greedy" "$city"
try "a described picture" 0 describe -m tiny --grammar "$dir/city.gbnf" "$assets/photograph.jpg" && has "a described picture" "$city"
echo 'root ::= "yes" | "no"' >"$dir/yes.gbnf"
try "one choice" 0 ask -m tiny --grammar "$dir/yes.gbnf" 'Is water wet?' && has "one choice" '^(yes|no)$'

try "cut" 5 ask -m tiny --temp 0 -n 3 --grammar "$dir/city.gbnf" 'A city as JSON.' && has "cut says so" 'cut after 3 tokens, before its grammar let it end' "$dir/err"
echo 'root ::= root "x"' >"$dir/bad.gbnf"
refuse "left recursion" 3 "bad.gbnf:1: the rule 'root' begins with itself" ask -m tiny --grammar "$dir/bad.gbnf" x
refuse "no such grammar" 3 "nowhere.gbnf" ask -m tiny --grammar "$dir/nowhere.gbnf" x
printf 'root ::= "a"\n\nitem ::= thing\n' >"$dir/bad.gbnf"
refuse "a rule that is not there" 3 "bad.gbnf:3: the rule 'thing' is used but not defined" ask -m tiny --grammar "$dir/bad.gbnf" x

echo '[{"name": 1}, 2]' >"$dir/tools.json"
refuse "tools that are none" 3 "tools.json: not a JSON list of functions" ask -m tiny --tools "$dir/tools.json" x
refuse "no such tools" 3 "nowhere.json" ask -m tiny --tools "$dir/nowhere.json" x
echo '[{"type": "function", "function": {"name": "weather", "parameters": {}}}]' >"$dir/tools.json"
refuse "a model without a place for tools" 4 "has no place for tools" ask -m tiny --tools "$dir/tools.json" x
# JSON Schema: what comes is parsed here, and where python3-jsonschema is, validated.
cat >"$dir/person.json" <<'END'
{ "type": "object", "additionalProperties": false, "required": ["name", "age", "tags"],
  "properties": { "name": { "type": "string", "minLength": 1, "maxLength": 20 }, "age": { "type": "integer", "minimum": 0, "maximum": 120 },
    "born": { "type": "string", "format": "date" }, "tags": { "type": "array", "items": { "enum": ["old", "new", 7] }, "minItems": 1, "maxItems": 3 },
    "score": { "type": "number", "minimum": 0, "maximum": 1 }, "friend": { "anyOf": [{ "type": "null" }, { "$ref": "#/properties/name" }] } } }
END
cat >"$dir/validate.py" <<'END'
import json, sys
schema, d = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
assert 1 <= len(d["name"]) <= 20 and type(d["age"]) is int and 0 <= d["age"] <= 120 and 1 <= len(d["tags"]) <= 3
assert set(d) <= set(schema["properties"]) and all(t in ("old", "new", 7) for t in d["tags"]) and 0 <= d.get("score", 0) <= 1
try:
    import jsonschema
except ImportError:
    sys.exit()
jsonschema.validate(d, schema)
END
for seed in 1 2 3 4; do
    try "a schema, seed $seed" 0 ask -m tiny --seed $seed --temp 1.3 --json-schema "$dir/person.json" 'Tell of a person, as JSON.' &&
        { python3 "$dir/validate.py" "$dir/person.json" "$dir/out" 2>"$dir/err" && ok "a schema, seed $seed" || not_ok "a schema, seed $seed" "$(cat "$dir/out" "$dir/err")"; }
done
echo '{ "properties": { "a": { "not": {} } } }' >"$dir/bad.json"
refuse "a schema beyond us" 3 "bad.json: #/properties/a/not: is not supported" ask -m tiny --json-schema "$dir/bad.json" x
refuse "two forms" 2 "give one of them" ask -m tiny --json-schema "$dir/person.json" --grammar "$dir/city.gbnf" x

# Stop texts: nothing of them is shown, wherever the tokens end.
capital='What is the capital of France?'
try "no stop" 0 ask -m tiny --temp 0 "$capital" && has "no stop" '^The capital of France is Paris'
try "stop" 0 ask -m tiny --temp 0 --stop Paris "$capital" && has "stop" '^The capital of France is $'
try "stop inside tokens" 0 ask -m tiny --temp 0 --stop zzz --stop 'is Par' "$capital" && has "stop inside tokens" '^The capital of France $'
try "stop that does not come" 0 ask -m tiny --temp 0 --stop 'Paris, Texas' "$capital" && has "stop that does not come" '^The capital of France is Paris'
refuse "an empty stop" 2 "--stop takes a text that is not empty" ask -m tiny --stop '' x

# Each of these changes the answer, and the same again gives the same.
say() { "$mynah" ask -q -m tiny --seed 5 --temp 1 -n 40 "$@" 'Tell me a story.' </dev/null; }
say >"$dir/plain"
for option in '--top-k 2' '--top-p 0.2' '--min-p 0.6' '--typical 0.3' '--mirostat 1.5' '--frequency-penalty 4' '--presence-penalty -4' '--dry 50 --dry-length 1' \
    '--repeat-penalty 3' '--temperature 0.1'; do
    say $option >"$dir/one" 2>&1
    say $option >"$dir/two" 2>&1
    if cmp -s "$dir/one" "$dir/plain"; then not_ok "$option" "changes nothing"
    elif ! cmp -s "$dir/one" "$dir/two"; then not_ok "$option" "is not repeatable"
    elif [ ! -s "$dir/one" ]; then not_ok "$option" "gives nothing"
    else ok "$option"
    fi
done
refuse "top-k of words" 2 "--top-k: .*takes a number from 0 to 1000000, or default, not 'many'" ask -m tiny --top-k many x
refuse "min-p too high" 2 "--min-p: .*from 0 to 1, or default, not '1.5'" ask -m tiny --min-p 1.5 x
refuse "a bias without token" 2 "--logit-bias takes ID=X.*not '5'" ask -m tiny --logit-bias 5 x
refuse "a bias without end" 2 "--logit-bias takes ID=X" ask -m tiny --logit-bias 5=inf x
refuse "a chat has no grammar" 2 "not an option" --grammar x
exit "$n_failed"
