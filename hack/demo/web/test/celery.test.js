import assert from 'node:assert/strict';
import { test } from 'node:test';
import { taskMessage } from '../lib/celery.js';

test('a task message follows version 2 of the protocol', () => {
  const { content, options } = taskMessage('shop.fulfil', [42], 'id-1');
  const [args, kwargs, embed] = JSON.parse(content.toString());
  assert.deepEqual(args, [42]);
  assert.deepEqual(kwargs, {});
  assert.deepEqual(embed, { callbacks: null, errbacks: null, chain: null, chord: null });
  assert.equal(options.contentType, 'application/json');
  assert.equal(options.contentEncoding, 'utf-8');
  assert.equal(options.correlationId, 'id-1');
  const { task, id, root_id: root, lang, argsrepr, timelimit } = options.headers;
  assert.deepEqual({ task, id, root, lang, argsrepr, timelimit }, {
    task: 'shop.fulfil', id: 'id-1', root: 'id-1', lang: 'js', argsrepr: '[42]', timelimit: [null, null],
  });
});

test('a task message survives a restart of the broker and has an id of its own', () => {
  const [one, two] = [taskMessage('shop.fulfil', [1]), taskMessage('shop.fulfil', [1])];
  assert.equal(one.options.deliveryMode, 2);
  assert.notEqual(one.options.correlationId, two.options.correlationId);
});
