import { expect, test } from 'vitest';
import { Problem } from '$lib/api/client';
import { problemInWords } from './problem_words';

test('a problem is said in the words of the page; what the service says of it comes after', () => {
  expect(problemInWords(new Problem(409, 'another is made', 'busy'))).toEqual({
    said: 'Máy đang làm một việc như vậy. Đợi xong rồi thử lại.',
    detail: 'another is made',
  });
  expect(problemInWords(new Problem(404, 'there is no such hold')).said).toBe('Không tìm thấy: có thể đã bị xóa.');
  expect(problemInWords(new Problem(418, 'tea')).said).toBe('Có lỗi.');
});

test('no answer and no right say all there is to say', () => {
  expect(problemInWords(new Problem(0, 'Failed to fetch')).detail).toBeNull();
  expect(problemInWords(new Problem(403, 'this needs the right "hold"', 'right'))).toEqual({
    said: 'Bạn không có quyền làm việc này. Hãy hỏi người quản trị.',
    detail: null,
  });
});
