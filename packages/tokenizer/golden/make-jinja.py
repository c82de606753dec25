"""What Jinja makes of chat templates, in transformers' environment, for the tests of this package.

pip install jinja2==3.1.6 && python make-jinja.py > jinja.json
"""
import json
import sys

from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def raise_exception(message):
    raise ValueError(message)


env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
env.filters["tojson"] = tojson
env.globals["raise_exception"] = raise_exception

qwen3 = r"""{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if '</think>' in content %}
            {%- set reasoning_content = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning_content.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}"""
llama2 = r"""{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\n' + system_message + '\n<</SYS>>\n\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' '  + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""
c = "messages[0].content"
one_liners = [
    "{{ C | length }} {{ C | trim }}|{{ C[1:3] }}|{{ C[-3:] }}|{{ C[::-1] }}|{{ C[0] }}|{{ C[-1] }}|{{ C[::2] }}|{{ C[5:1:-2] }}|{{ C[:-1] }}|{{ C[4:2] }}",
    "{{ C.startswith('<tool_response>') }} {{ C.endswith(('x', '>')) }} {{ '</think>' in C }} {{ 'q' not in C }}",
    "{{ C.split('</think>') }} {{ C.split() }} {{ C.split(' ', 1) }} {{ C.rsplit(' ', 1) }} {{ C.split('\\n') | length }}",
    "{{ C | replace('a', '<|im_end|>') }} {{ C.replace('<', '&lt;', 1) }} {{ C.replace('', '-') }}",
    "{{ C ~ 1 ~ none ~ true ~ 1.0 ~ [1, 'a', \"it's\"] ~ {'a': 1.5, 'b': none} }}",
    "{{ C | tojson }} {{ messages | tojson(indent=2) }} {{ {'b': [], 'a': {}} | tojson(sort_keys=true, separators=(',', ':')) }}",
    "{{ C | upper }} {{ C | lower }} {{ C | title }} {{ C | capitalize }} {{ C.title() }} {{ C.capitalize() }}",
    "{{ C.strip() }}|{{ C.lstrip('<') }}|{{ C.rstrip('>') }}|{{ C.find('think') }}|{{ C.count('t') }}|{{ C.removeprefix('<') }}|{{ C.removesuffix('>') }}",
    "{{ messages | map(attribute='role') | join(', ') }} {{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('role', 'in', ['user']) | map(attribute='content') | list }}",
    "{% for m in messages if m.role != 'system' %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% else %}none{% endfor %}",
    "{% for m in messages %}{% if loop.index0 == 1 %}{% continue %}{% endif %}{{ m.role }}{% if loop.index0 == 2 %}{% break %}{% endif %} {{ loop.previtem.role if loop.previtem is defined }}{% endfor %}",
    "{% macro quote(x, with='\"') %}{{ with }}{{ x }}{{ with }}{% endmacro %}{{ quote(C) }}{{ quote(C, with=\"'\") }}{% call quote('a') %}b{% endcall %}" if False else "{% macro quote(x, with='\"') %}{{ with }}{{ x }}{{ with }}{% endmacro %}{{ quote(C) }}{{ quote(C, with=\"'\") }}",
    "{% set x %}a{{ C }}b{% endset %}{{ x | length }}{{ x }}{% filter upper %}{{ C }}{% endfilter %}",
    "{% for k, v in {'a': C, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}{% for k, v in {'b': 1, 'a': 2} | dictsort %}{{ k }}{{ v }}{% endfor %}{{ {'a': 1} | items | list }}",
    "{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 / 2 }} {{ 4 / 2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 1 + 2.0 }} {{ 3 * 'ab' }} {{ [1] * 2 + [3] }} {{ 10 | round(1) }} {{ 2.5 | round }} {{ '12' | int + 1 }} {{ 'x' | int }} {{ '1.5' | float }}",
    "{{ missing }}|{{ missing | default('d') }}|{{ '' | default('e', true) }}|{{ missing is defined }}|{{ none is none }}|{{ messages[0].nothing is undefined }}|{{ messages[9] is defined }}",
    "{{ 1 if C else 2 }} {{ 'x' if C is mapping else 'y' }} {{ C is string and C is iterable }} {{ messages is sequence }} {{ 3 is odd }} {{ true is boolean }} {{ 1 is number }}",
    "{{ ['b', 'A', 'c'] | sort | join }} {{ [3, 1, 2] | sort(reverse=true) }} {{ [1, 1, 2] | unique | list }} {{ [1, 2, 3] | sum }} {{ [1, 2] | max }} {{ [1, 2] | first }} {{ [1, 2] | last }} {{ 'abc' | reverse }} {{ [1, 2, 3] | reverse | list }}",
    "{{ range(5) | list }} {{ range(2, 8, 3) | list }} {{ range(3, 0, -1) | list }} {{ [0, 1, '', 'a', none] | select | list }}",
    "{{ 'a\nb\n\nc' | indent(2) }} {{ 'a\nb' | indent(2, true) }} {{ C | wordcount }} {{ C | e }} {{ (1, 2)[0] }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ [1, 2] == [1, 2] }}",
    "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + m.content | length %}{% set local = 1 %}{% endfor %}{{ ns.n }}{{ local is defined }}",
    "  {% if true %}\n  x\n  {% endif %}\n{#- c -#}\n  y {{- ' z ' -}} w\n",
    "{{ C.upper().lower() }} {{ C.splitlines() }} {{ C.isdigit() }} {{ '12'.isdigit() }} {{ ', '.join(['a', C]) }} {{ C.partition(' ') | list }}",
    "{{ messages[0]['content'] == messages[0].content }} {{ messages[0].get('x', 'no') }} {{ messages[0].get('role') }} {{ 'role' in messages[0] }} {{ messages[0].keys() | list }} {{ messages[0].role in ['user', 'system'] }}",
    "{{ C.splitlines(true) }} {{ C.splitlines() }} {{ 'a\\u2028b\\x0bc\\r\\n'.splitlines() }} {{ C | indent(2) }} {{ 'a\\r\\nb\\r' | indent(1, true, true) }}",
    "{{ not C }} {{ C and 'yes' }} {{ '' or C }} {{ messages | length > 1 }} {{ 1 < 2 and 2 < 3 }} {{ -1 | abs }} {{ (-3) | abs }}",
]
templates = [qwen3, llama2, *[one.replace("C", c) for one in one_liners]]
contents = [
    ["hi there"],
    ["<tool_response>a b</tool_response>"],
    ["q", "<think>\nab c\n</think>\n\nanswer <|im_end|>", "next \U0001F600 é\n"],
    ["\U0001F600a\U0001F601b Straße ΑΣ", "it's \"x\" \\ \t", "<|im_start|>system"],
    ["  \u3000 a-b's \r\n", ""],
    [""],
]
cases = []
for source in templates:
    for content in contents:
        messages = [{"role": ["user", "assistant"][i % 2], "content": one} for i, one in enumerate(content)]
        try:
            result = env.from_string(source).render(messages=messages, add_generation_prompt=True, bos_token="<s>", eos_token="</s>")
        except Exception as error:
            result = None
        cases.append({"template": source, "messages": messages, "result": result})
json.dump(cases, sys.stdout, ensure_ascii=True, indent=0)
