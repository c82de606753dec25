"""What people do with OpenAI's client for Python: prints what it got as JSON. Arguments: address of a server, and of one that refuses at first."""
import json
import sys

import openai

server, refusing = sys.argv[1:]
client = openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0)
asked = {"model": "tiny", "seed": 3, "messages": [{"role": "user", "content": "Return xs."}]}
got = {}

first = client.chat.completions.create(**asked)
told = first.choices[0].message
got["first"] = told.content
conversation = [{"role": "user", "content": "a"}, told.model_copy(update={"content": "b"}).model_dump(), {"role": "user", "content": "c"}]
got["second"] = client.chat.completions.create(**{**asked, "messages": conversation}).choices[0].message.content

chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
got["streamed"] = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
got["usage"] = [chunks[-1].usage.total_tokens, first.usage.total_tokens]

with client.chat.completions.create(**asked, stream=True) as stream:
    got["before leaving"] = next(iter(stream)).object

got["responses"] = client.responses.create(model="tiny", input="Return xs.", extra_body={"seed": 3}).output_text

retrying = openai.OpenAI(base_url=f"{refusing}/v1", api_key="none", max_retries=2)
got["after retries"] = retrying.chat.completions.create(**asked).choices[0].message.content
try:
    client.chat.completions.create(**asked, presence_penalty=1)
except openai.BadRequestError as error:
    got["refused"] = error.param
print(json.dumps(got))
