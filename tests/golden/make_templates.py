#!/usr/bin/env python3
"""Golden renderings of chat templates -> templates.json, by Jinja2 set up as transformers does it
(utils/chat_template_utils.py: ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks, loop controls,
{% generation %}, tojson, raise_exception, strftime_now; tools and documents are there and None).

The templates are ours, in the ways of the families: how Llama 2 and 3, Mistral, Gemma, Phi-3, Qwen,
DeepSeek and others write turns, trim, cut, fold and refuse; and below one line for each construct.
"output" is null where Jinja2 fails.  The date is fixed: 2023-11-14 22:13:20 UTC."""
import datetime, json, os
import jinja2, jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERE = os.path.dirname(os.path.abspath(__file__))
NOW = datetime.datetime.fromtimestamp(1700000000, datetime.timezone.utc)

class Generation(jinja2.ext.Extension):
    tags = {"generation"}
    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("written"), [], [], body).set_lineno(line)
    def written(self, caller):
        return caller()

def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                        extensions=[Generation, jinja2.ext.loopcontrols])
    def refuse(message):
        raise jinja2.exceptions.TemplateError(message)
    env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
    env.globals["raise_exception"] = refuse
    env.globals["strftime_now"] = NOW.strftime
    return env

TEMPLATES = {}
TEMPLATES["chatml"] = """{% for message in messages %}
{% if loop.first and message['role'] != 'system' %}
{{ '<|im_start|>system\\nBe of help.<|im_end|>\\n' }}
{% endif %}
{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}
{% endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
"""
TEMPLATES["tools in the system turn"] = """{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages and messages[0].role == 'system' %}
        {{- messages[0].content + '\\n\\n' }}
    {%- else %}
        {{- 'Be of help.\\n\\n' }}
    {%- endif %}
    {{- "# Functions\\n<functions>" }}
    {%- for tool in tools %}
        {{- "\\n" }}{{ tool | tojson }}
    {%- endfor %}
    {{- "\\n</functions><|im_end|>\\n" }}
{%- elif messages and messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' ~ messages[0].content ~ '<|im_end|>\\n' }}
{%- endif %}
{%- for m in messages %}
    {%- if m.role == 'user' or (m.role == 'system' and not loop.first) or (m.role == 'assistant' and not m.tool_calls) %}
        {{- '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}
    {%- elif m.role == 'assistant' %}
        {{- '<|im_start|>' + m.role }}
        {%- if m.content %}{{- '\\n' + m.content }}{%- endif %}
        {%- for call in m.tool_calls %}
            {%- if call.function is defined %}{%- set call = call.function %}{%- endif %}
            {{- '\\n<call>\\n{"name": "' ~ call.name ~ '", "arguments": ' ~ call.arguments | tojson ~ '}\\n</call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- elif m.role == 'tool' %}
        {%- if loop.index0 == 0 or messages[loop.index0 - 1].role != 'tool' %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\\n<result>\\n' + m.content + '\\n</result>' }}
        {%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{- '<|im_end|>\\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""
TEMPLATES["thinking"] = """{%- set ns = namespace(looking=true, last=messages | length - 1) %}
{%- for m in messages[::-1] %}
    {%- set i = messages | length - 1 - loop.index0 %}
    {%- if ns.looking and m.role == 'user' and m.content is string and not (m.content.startswith('<result>') and m.content.endswith('</result>')) %}
        {%- set ns.looking = false %}
        {%- set ns.last = i %}
    {%- endif %}
{%- endfor %}
{%- for m in messages %}
    {%- set content = m.content if m.content is string else '' %}
    {%- if m.role in ('user', 'system') %}
        {{- '<|im_start|>' + m.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif m.role == 'assistant' %}
        {%- set thought = '' %}
        {%- if m.reasoning_content is string %}
            {%- set thought = m.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or (not loop.last and thought)) %}
            {{- '<|im_start|>assistant\\n<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>assistant\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""
TEMPLATES["headers and a date"] = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}
{%- endif %}
{%- if not tools is defined %}{%- set tools = none %}{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set said = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set said = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}{{- "Environment: ipython\\n" }}{%- endif %}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- said }}
{{- "<|eot_id|>" }}
{%- if tools is not none and messages | length != 0 %}
    {%- set first = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
    {{- '<|start_header_id|>user<|end_header_id|>\\n\\n' -}}
    {{- "Call these as JSON.\\n\\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
    {{- first + "<|eot_id|>"}}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("One call at a time!") }}
        {%- endif %}
        {%- set call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {{- '{"name": "' + call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- call.arguments | tojson }}
        {{- "}" }}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{%- endif %}
"""
TEMPLATES["no system"] = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '
' + message['content'] | trim + '<end_of_turn>
' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model
'}}{% endif %}
"""
TEMPLATES["folded system, parts"] = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set prefix = messages[0]['content'] + '

' -%}
    {%- else -%}
        {%- set prefix = messages[0]['content'][0]['text'] + '

' -%}
    {%- endif -%}
    {%- set turns = messages[1:] -%}
{%- else -%}
    {%- set prefix = "" -%}
    {%- set turns = messages -%}
{%- endif -%}
{%- for message in turns -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate") }}
    {%- endif -%}
    {%- set role = "model" if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '
' + (prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model
'}}
{%- endif -%}
"""
TEMPLATES["instructions in brackets"] = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}{%- set tools = none %}{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{#- This block checks for alternating user/assistant messages, skipping calls #}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}{{- ", " }}{%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\\n\\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for call in message.tool_calls %}
            {%- set out = call.function|tojson %}
            {{- out[:-1] }}
            {%- if not call.id is defined or call.id|length != 9 %}
                {{- raise_exception("Ids of calls have 9 letters!") }}
            {%- endif %}
            {{- ', "id": "' + call.id + '"}' }}
            {{- ", " if not loop.last else "]" + eos_token }}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool" %}
        {{- '[TOOL_RESULTS] {"content": ' + message.content|string + ", " }}
        {{- '"call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported!") }}
    {%- endif %}
{%- endfor %}
"""
TEMPLATES["system in the first instruction"] = """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""
TEMPLATES["a line each"] = """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'user' %}{{'<|user|>
' + message['content'] + '<|end|>
'}}{% elif message['role'] == 'assistant' %}{% generation %}{{'<|assistant|>
' + message['content'] + '<|end|>
'}}{% endgeneration %}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>
' }}{% else %}{{ eos_token }}{% endif %}"""
TEMPLATES["types by macros"] = """{%- macro kind(spec, depth=0) -%}
  {%- if spec.enum -%}
    {%- for v in spec.enum -%}{{ v | tojson }}{{ ' | ' if not loop.last }}{%- endfor -%}
  {%- elif spec.type == 'object' -%}
    {{- '{' }}
    {%- for name, inner in (spec.properties or {}) | dictsort -%}
      {{ name }}{{ '?' if name not in (spec.required | default([])) }}: {{ kind(inner, depth=depth + 1) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
    {{- '}' }}
  {%- elif spec.type == 'array' -%}
    {{ kind(spec['items'], depth + 1) }}[]
  {%- elif spec.type in ['integer', 'number'] -%}
    number
  {%- else -%}
    {{ spec.type or 'any' }}
  {%- endif -%}
{%- endmacro -%}
{%- macro turn(role) %}<|{{ role }}|>{{ caller() }}<|end_{{ role | upper }}|>{% endmacro -%}
{% if tools %}
{% for tool in tools | map(attribute='function') %}
// {{ tool.description | indent(3) }}
type {{ tool.name }} = (_: {{ kind(tool.parameters) }}) => any;
{% endfor %}
{% endif %}
{% for m in messages if m.content is string and m.role in ['system', 'user', 'assistant'] %}
{% call turn(m.role) %}{{ m.content | replace('<', '(') | trim }}{% endcall %}

{%- else %}
nothing was said
{%- endfor %}
{% if add_generation_prompt %}<|assistant|>{% endif %}"""

TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "Weather of a \"city\"\nnow, in °C", "parameters": {
        "type": "object", "required": ["city"], "properties": {
            "city": {"type": "string", "description": "Its name"}, "days": {"type": "integer", "enum": [1, 2, 3]},
            "places": {"type": "array", "items": {"type": "object", "properties": {"x": {"type": "number"}}}}}}}},
    {"type": "function", "function": {"name": "time", "description": "What time it is", "parameters": {
        "type": "object", "properties": {}}}},
]
SYSTEM = {"role": "system", "content": " You are kind. <b>'x'</b>\n"}
USER = {"role": "user", "content": " Hello there\n"}
AGAIN = {"role": "user", "content": "Und nun? 이제 뭐? <|im_end|>"}
ANSWER = {"role": "assistant", "content": "Hi! I'm fine. "}
THOUGHT = {"role": "assistant", "content": "<think>\nhm\n</think>\n\nIt is 42."}
CALL = {"role": "assistant", "content": "", "tool_calls": [{"id": "call12345", "type": "function", "function": {
    "name": "get_weather", "arguments": {"city": "Köln", "days": 2}}}]}
RESULT = {"role": "tool", "name": "get_weather", "tool_call_id": "call12345", "content": "{\"t\": 20}"}
PARTS = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": " What is it? "}]}
CONVERSATIONS = [
    ([USER], None), ([SYSTEM, USER], None), ([SYSTEM, USER, ANSWER, AGAIN], None), ([USER, ANSWER, USER, THOUGHT, AGAIN], None),
    ([USER, AGAIN], None), ([SYSTEM, USER], TOOLS), ([USER, CALL, RESULT], TOOLS), ([SYSTEM, USER, CALL, RESULT, ANSWER, AGAIN], TOOLS),
    ([SYSTEM, PARTS], None), ([], None),
]

CONSTRUCTS = r"""
{{ 1 + 2 * 3 - 4 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }} {{ 7.5 % 2 }} {{ -7.5 // 2 }}
{{ 1.0 }} {{ 0.1 + 0.2 }} {{ 1e16 }} {{ 1e-5 }} {{ 123456789.125 }} {{ 1_000 }} {{ 3.0 * 2 }} {{ true + 1 }} {{ 10 / 4 * 2 }}
{{ 'a' + 'b' ~ 1 ~ none ~ true ~ 1.5 }} {{ 'ab' * 3 }} {{ [1] + [2, 3] }} {{ (1, 2) + (3,) }} {{ [0] * 3 }} {{ 'x' 'y' "z" }}
{{ 1 < 2 }} {{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ true == 1 }} {{ none == false }}
{{ 1 in [1, 2] }} {{ 3 not in [1, 2] }} {{ 'b' in 'abc' }} {{ 'a' in {'a': 1} }} {{ not 1 in [1] }} {{ 'x' in missing }}
{{ true and 'x' }} {{ '' or 'y' }} {{ not '' }} {{ none and 1 }} {{ 0 or [] or 'z' }} {{ true and not false or false }}
{{ 'a' if true else 'b' }} {{ 'a' if false }}| {{ 'a' if false else 'b' if false else 'c' }} {{ ('x' if 1 else 'y') ~ 'z' }}
{{ [1, 'two', 3.5, none, true, [], {}, ()] }} {{ {'a': 1, "b'": ["x\ny"]} }} {{ (1,) }} {{ 1, 2 }} {{ {1: 'one', 'k': {'n': (1, 2)}} }}
{{ 'it\'s' }} {{ ['it\'s', 'say "x"', 'both \' and "', 'tab\t', 'é한\x07'] }} {{ 'A\u00e9\x41\101\\n' }} {{ "\q" }}
{{ 'hello'[1] }} {{ 'hello'[-1] }} {{ 'hello'[1:3] }} {{ 'hello'[::-1] }} {{ 'hello'[:-2] }} {{ 'héllo한'[1:] }} {{ 'hello'[10:] }} {{ 'hello'[-3:-1] }}
{{ [1, 2, 3, 4][1:3] }} {{ [1, 2, 3, 4][::-2] }} {{ [1, 2, 3][-1] }} {{ [1, 2, 3][5] }} {{ (1, 2, 3)[:2] }} {{ [1, 2, 3][:-5] }} {{ [[1, 2], [3]][0].1 }}
{{ {'a': {'b': [5, 6]}}.a.b[1] }} {{ {'a': 1}['a'] }} {{ {'a': 1}.missing }} {{ {'a': 1}['x'] is defined }} {{ {'items': 3}['items'] }} {{ {'get': 1}.get('get') }}
{{ ' x '.strip() }}| {{ 'xxaxx'.strip('x') }} {{ 'xxa'.lstrip('x') }} {{ 'axx'.rstrip('x') }} {{ '\u3000é\u00a0'.strip() }}| {{ 'abcba'.strip('ab') }}
{{ 'a,b,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a b c'.split(None, 1) }} {{ 'a,b,c'.rsplit(',', 1) }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a\nb\r\nc'.splitlines() }}
{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'abc'.upper() }} {{ 'ÀB'.lower() }} {{ "they're bill's".title() }} {{ 'hELLO wORLD'.capitalize() }} {{ 'aXbX'.replace('X', '-') }} {{ 'aXbX'.replace('X', '-', 1) }} {{ 'ab'.replace('', '.') }}
{{ 'abcabc'.find('c') }} {{ 'abc'.find('x') }} {{ 'abcabc'.rfind('c') }} {{ '한글c'.find('c') }} {{ 'abab'.count('ab') }} {{ ', '.join(['a', 'b']) }} {{ '12'.isdigit() }} {{ 'a1'.isalnum() }} {{ 'ab'.isalpha() }} {{ 'prefix'.removeprefix('pre') }} {{ 'file.txt'.removesuffix('.txt') }}
{{ '{} and {}'.format('a', 1) }} {{ '{0}{1}{0}'.format('x', 'y') }} {{ '{name}: {{}}'.format(name='n') }} {{ '%s is %d%%' % ('x', 5) }} {{ '%s' % 'y' }} {{ '%s-%s' | format('a', 2) }}
{% set d = {'b': 2, 'a': 1, 'C': 3} %}{{ d.items() | list }} {{ d.keys() | list }} {{ d.values() | list }} {{ d | dictsort }} {{ d | dictsort(true) }} {{ d | dictsort(by='value', reverse=true) }} {{ d | items | list }} {{ d | length }} {{ d | list }}
{{ [3, 1, 2] | sort }} {{ ['b', 'A', 'c'] | sort }} {{ ['b', 'A', 'c'] | sort(case_sensitive=true) }} {{ [3, 1, 2] | sort(reverse=true) }} {{ [{'n': 2}, {'n': 1}] | sort(attribute='n') }} {{ [1, 2, 3] | reverse | list }} {{ 'abc' | reverse }} {{ [1, 2] | first }} {{ [1, 2] | last }} {{ 'abc' | first }} {{ [] | first }}|
{{ [1, 1, 2, 'a', 'A'] | unique | list }} {{ [3, 1, 2] | min }} {{ [3, 1, 2] | max }} {{ [1, 2.5] | sum }} {{ [{'n': 2}, {'n': 1}] | sum(attribute='n') }} {{ 'abc' | list }} {{ [1, 2, 3] | join(', ') }} {{ [{'n': 'a'}, {'n': 'b'}] | join('-', attribute='n') }} {{ [1, [2]] | join }}
{{ [{'a': {'b': 1}}, {'a': {'b': 2}}] | map(attribute='a.b') | list }} {{ ['x', 'y'] | map('upper') | list }} {{ [{'a': 1}, {}] | map(attribute='a', default='-') | list }} {{ ['a-b'] | map('replace', '-', '+') | join }} {{ none | map('upper') | list }}
{{ [1, 2, 3, 4] | select('even') | list }} {{ [1, 2, 3] | reject('odd') | list }} {{ [0, 1, '', 'x'] | select | list }} {{ [{'r': 'u'}, {'r': 'a'}] | selectattr('r', 'equalto', 'u') | list }} {{ [{'r': 'u'}, {'r': 'a'}] | rejectattr('r', 'eq', 'u') | list }} {{ [{'x': 1}, {}] | selectattr('x', 'defined') | list | length }} {{ [{'x': 1}, {'x': 0}] | selectattr('x') | list }} {{ [1, 5, 9] | select('gt', 4) | list }} {{ ['a', 'b'] | select('in', ['b']) | list }}
{{ ' x ' | trim }}| {{ 'xyx' | trim('x') }} {{ 'AbC' | lower }} {{ 'abc' | upper }} {{ 'hello world' | title }} {{ 'hELLO' | capitalize }} {{ 'a\nb\n\nc' | indent }} {{ 'a\nb' | indent(2, first=true) }} {{ 'a\n\nb' | indent(2, false, true) }} {{ 'a\nb' | indent('> ') }} {{ 'aab' | replace('a', 'x', 1) }} {{ '<a href="x">&\'' | escape }} {{ 5 | string + 'x' }} {{ 12 | string | length }}
{{ '42' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ '3.7' | int }} {{ 3.9 | int }} {{ '2.5' | float }} {{ 'x' | float }} {{ -3 | abs }} {{ -2.5 | abs }} {{ 2.567 | round(2) }} {{ 2.5 | round }} {{ 3.5 | round }} {{ 2.1 | round(0, 'ceil') }} {{ 2.9 | round(method='floor') }} {{ 7 | round }}
{{ missing | default('d') }} {{ '' | default('d') }}| {{ '' | default('d', true) }} {{ none | default('d') }} {{ missing | d }}| {{ missing | length }} {{ missing | list }} {{ 'x' | default(y) }} {{ (missing.x is defined) if missing is defined else 'no' }}
{{ {'a': [1, 2.0, 'x"\\\n\té한'], 'b': none, 'c': true, 'd': {}, 'e': []} | tojson }} {{ 'x' | tojson }} {{ none | tojson }} {{ [] | tojson }} {{ (1, 2) | tojson }} {{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }} {{ {1: 2, true: 3} | tojson }} {{ 'é한😀' | tojson(ensure_ascii=true) }}
{{ {'a': [1, {'b': 2}], 'c': {}} | tojson(indent=2) }} {{ [1, 2] | tojson(separators=(',', ':')) }} {{ {'a': 1} | tojson(indent=4, separators=(',', ' = ')) }} {{ '\x01\x7f\u2028' | tojson }} {{ 1e300 | tojson }} {{ 0.1 | tojson }}
{{ 1 is number }} {{ 1 is integer }} {{ true is integer }} {{ true is number }} {{ 1.5 is float }} {{ true is boolean }} {{ 'x' is string }} {{ {} is mapping }} {{ [] is sequence }} {{ 'x' is sequence }} {{ {} is iterable }} {{ 1 is iterable }} {{ none is none }} {{ missing is undefined }} {{ missing is not defined }} {{ true is true }} {{ 1 is true }} {{ false is false }} {{ (1,) is sequence }}
{{ 4 is even }} {{ 4 is odd }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 'a' is eq 'a' }} {{ 1 is equalto(1) }} {{ 1 is ne 2 }} {{ 3 is gt 2 }} {{ 3 is in [3] }} {{ 'AB' is upper }} {{ 'ab' is lower }} {{ range is callable }} {{ 1 is sameas 1 }} {{ not 1 is odd }} {{ 1 is not odd }} {{ 2 is lessthan 3 }} {{ 'upper' is filter }} {{ 'odd' is test }} {{ none is defined and none is none }}
{% for x in [1, 2, 3] %}{{ loop.index }}/{{ loop.length }}{{ loop.first }}{{ loop.last }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}
{% for x in [] %}x{% else %}none{% endfor %} {% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %} {% for x in [1, 2, 3, 4] if x is even %}{{ loop.index }}:{{ x }} {% endfor %} {% for c in 'abc' %}{{ c }}.{% endfor %} {% for k in {'p': 1, 'q': 2} %}{{ k }}{% endfor %} {% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for x in range(3) %}{% for y in range(x, 3) %}{{ loop.depth }}{{ y }}{% endfor %}|{% endfor %} {% for x in range(9, 0, -3) %}{{ x }}{% endfor %} {% for x in [1, 2, 3, 4] %}{% if x == 2 %}{% continue %}{% elif x == 4 %}{% break %}{% endif %}{{ x }}{% endfor %} {% for x in missing %}x{% endfor %}
{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = i * 10 %}{{ x }}{% endfor %}{{ x }} {% if true %}{% set x = 5 %}{% endif %}{{ x }} {% set a, b = 1, 2 %}{{ a }}{{ b }} {% set ns = namespace(n=0, s='') %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% set ns.s = ns.s ~ i %}{% endfor %}{{ ns.n }}{{ ns.s }}{{ ns.missing is defined }} {% set block %}in {{ x }}{% endset %}{{ block }} {% set up | upper %}abc{% endset %}{{ up }}
{% macro m(a, b='B', c=none) %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(c=3, a=1) }}{{ m() }} {% macro fact(n) %}{{ n * (fact(n - 1) | int) if n > 1 else 1 }}{% endmacro %}{{ fact(5) }} {% macro w() %}<{{ caller(1) }}>{% endmacro %}{% call(x) w() %}in{{ x }}{% endcall %} {% set g = 'G' %}{% macro sees() %}{{ g }}{% endmacro %}{% set g = 'H' %}{{ sees() }} {{ m is defined }}{{ nope is defined }}
{% filter upper %}abc {{ 'd' }}{% endfilter %} {% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }} {% raw %}{{ not }} {% if %}{% endraw %} {# a comment {{ 1 }} #}| {% generation %}gen{% endgeneration %} {{ dict(a=1, b=2) }} {{ range(3) | list }} {{ strftime_now('%Y-%m-%d') }}
{{ '}}' }} {{ {'a': {'b': 1}} }} {{ "%}" }} {{ '{%' }} { { } } {{ -1 | abs }} {{ -(1) }} {{ +3 }} {{ (1 + 2) * 3 }} {{ - 2 ** 2 }} {{ 1 - -1 }} {{ 'a' ~ 'b' + 'c' }} {{ 1 if not none else 2 }} {{ [1, 2,] }} {{ {'a': 1,} }}
{{ 'a' | upper | lower ~ 'B' }} {{ 'a' ~ 'b' | upper }} {{ not 'a' | length == 1 }} {{ (1 + 2) | string ~ '!' }} {{ [1, 2] | length > 1 }} {{ {'f': 'x'}.f | upper }} {{ 'a,b'.split(',') | map('upper') | join(';') }} {{ ('a' ~ 'b').upper()[0] | lower }} {{ messages[-1:][0].role | default('none') }}
{{ 1 / 0 }}
{{ missing.x }}
{{ missing + 'x' }}
{{ missing() }}
{{ 'a' + 1 }}
{{ none + 'x' }}
{{ 1 < 'a' }}
{{ [1, 2] | nofilter }}
{{ 1 is notest }}
{% if false %}{{ 1 | int }}{% endif %}{{ ''.nomethod }}|{{ 'x'.__class__ }}|{{ ''['__len__'] }}|
{{ ''.__class__.__mro__ }}
{{ ''.upper.__globals__.x }}
{{ raise_exception('no: ' ~ 1) }}
{{ range(10 ** 9) | length }}
{% for x in 5 %}{% endfor %}
{{ {'a': missing} | tojson }}
{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{% endmacro %}{{ m(b=2) }}
{% set a, b = [1] %}
{% set x.y = 1 %}
{% for %}{% endfor %}
{% if x %}
{% endif %}
{{ 1 + }}
{{ (1 }}
{{ 'x }}
{% unknown %}
{{ 1 2 }}
{# open
{% include 'x' %}
{% break %}
{{ 'x' | replace('x') }}
{{ {[1]: 2} }}
{{ f(a=1, 2) }}
"""
BLANKS = [
    "  {% if true %}  \n  a\n  {% endif %}\nb\n", "  {%- if true -%}  \n  a\n  {%- endif %}  \n b\n\n", "x\n   {{ 1 }}   \n  y\n",
    "x  {%+ if true %}\ny{% endif +%}\nz", "  {# c #}\n  {#- d -#}  \n e\n", "a {{- ' b ' -}} c", "a\r\n{% if true %}\r\nb\r{% endif %}\r\n",
    "{% if true %}\n\n\nx\n{% endif %}\n\n", "{% for i in [1, 2] %}\n  {{ i }}\n{% endfor %}", "\n\n{% set x = 1 %}\n\n{{ x }}\n\n",
    "  a {% if true %} b {% endif %} c\n", "{% raw %}\n  {{ x }}\n{% endraw %}\nz", "x {%- raw -%} y {%- endraw -%} z", "\t{% if true %}\t\n\t1\t{% endif %}\t\n",
    "{{ 1 }}\n{{ 2 }}\n", "{{ 1 -}}\n{{- 2 }}", "{% if true %}a{% endif %}   {% if true %}b{% endif %}\n   {% if true %}c{% endif %}",
    "{#\n many\n lines #}\n x", "a{%- if true %}\n  b\n{%- endif -%}\nc", "{%- set x = 1 -%}\n\n  {{- x -}}\n\n",
]

def case(env, name, source, variables):
    try:
        output = env.from_string(source).render(**json.loads(json.dumps(variables)))
    except Exception:
        output = None
    return {"template": name, "variables": variables, "output": output}

def main():
    env, cases, templates = environment(), [], dict(TEMPLATES)
    for name, source in TEMPLATES.items():
        for i, (messages, tools) in enumerate(CONVERSATIONS):
            variables = {"messages": messages, "tools": tools, "documents": None, "bos_token": "<s>", "eos_token": "</s>",
                         "add_generation_prompt": i % 4 != 3, "enable_thinking": False}
            cases.append(case(env, name, source, variables))
    for i, source in enumerate(CONSTRUCTS.strip("\n").split("\n") + BLANKS):
        templates["construct %d" % i] = source
        cases.append(case(env, "construct %d" % i, source, {"messages": [USER]}))
    with open(os.path.join(HERE, "templates.json"), "w") as out:
        json.dump({"templates": templates, "cases": cases}, out, ensure_ascii=False, separators=(",", ":"))
    print(len(cases), "cases,", sum(c["output"] is None for c in cases), "of them errors")

main()
