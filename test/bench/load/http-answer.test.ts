import test from 'ava';
import { answerLength, statusOf } from '../../../bench/load/http-answer.ts';

const ANSWERS: readonly string[] = [
  'HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n{"a":',
  'HTTP/1.1 201 Created\r\nContent-Length:11\r\nContent-Type: text/plain\r\n\r\nhello\r\n\r\n{}',
  'HTTP/1.1 204 No Content\r\nx-content-length: 7\r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n' +
    '5\r\nab\r\nc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n',
];

test('an answer ends where its head says, not before', (t) => {
  for (const text of ANSWERS) {
    const whole = Buffer.from(text);
    t.is(answerLength(whole), whole.length, text);
    t.is(answerLength(Buffer.concat([whole, Buffer.from('HTTP/1.1 200')])), whole.length, text);
    for (let cut = 0; cut < whole.length; cut++) {
      t.is(answerLength(whole.subarray(0, cut)), 0, `${text} cut at ${cut}`);
    }
  }
});

test('the status is read from the first line', (t) => {
  t.deepEqual(
    ANSWERS.map((text) => statusOf(Buffer.from(text))),
    [201, 201, 204, 200],
  );
});
