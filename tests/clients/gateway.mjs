// OpenAI's and Anthropic's official SDKs for Node through the gateway, with only base URL and key changed.
// Run by scripts/end-to-end after gateway.py, on a server of its own.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';

const { KEYHOLT_URL: url, KEYHOLT_API_KEY: key, FAKE_PROVIDER: provider } = process.env;
const native = async (method, path, body) => {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(body) });
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
};
for (const [type, secret] of [['openai', 'sk-openai-value-0123456789'], ['anthropic', 'sk-ant-value-0123456789']]) {
  const metadata = { api_base: `http://${provider}/v1` };
  await native('PUT', '/v1/ai_secret', { name: `${type.toUpperCase()}_API_KEY`, type, secret, metadata });
}
const { key: apiKey } = await native('POST', '/keyholt/v1/api-keys', { name: 'application', role: 'app' });
const messages = [{ role: 'user', content: 'Hi' }];

const openai = new OpenAI({ baseURL: `${url}/v1/proxy`, apiKey, maxRetries: 0 });
const answer = await openai.chat.completions.create({ model: 'gpt-4o', messages });
assert.equal(answer.choices[0].message.content, 'Hello');
let text = '';
for await (const chunk of await openai.chat.completions.create({ model: 'gpt-4o', messages, stream: true })) {
  text += chunk.choices[0].delta.content ?? '';
}
assert.equal(text, 'Hello there');
console.log('openai, Node: chat, streamed chat');

const anthropic = new Anthropic({ baseURL: `${url}/v1/proxy/anthropic`, apiKey, maxRetries: 0 });
const ask = { model: 'claude-next', max_tokens: 16, messages };
assert.equal((await anthropic.messages.create(ask)).content[0].text, 'Hello');
text = '';
for await (const event of anthropic.messages.stream(ask)) {
  if (event.type === 'content_block_delta') text += event.delta.text;
}
assert.equal(text, 'Hello');
console.log('anthropic, Node: messages, streamed messages');

const seen = await (await fetch(`http://${provider}/seen`)).json();
assert.ok(seen.every((shown) => !JSON.stringify(shown).includes('khk_') && !JSON.stringify(shown).includes(key)));
console.log(`the provider saw ${seen.length} requests, none with a key of Keyholt's`);
