import { describe, expect, test } from 'vitest';
import { disabledEvent } from './copy-programs.ts';

describe('an event on a copied node', () => {
  test('is disabled, whatever its body says', () => {
    const event =
      'CREATE DEFINER=`root`@`localhost` EVENT `e` ON SCHEDULE EVERY 1 DAY ' +
      "STARTS '2026-01-01 00:00:00' ON COMPLETION NOT PRESERVE ENABLE DO " +
      "SELECT ' ON COMPLETION PRESERVE ENABLE '";
    expect(disabledEvent(event)).toBe(event.replace('PRESERVE ENABLE DO', 'PRESERVE DISABLE DO'));
  });

  test('that is disabled stays as it is', () => {
    const event = 'CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION PRESERVE DISABLE DO DO 1';
    expect(disabledEvent(event)).toBe(event);
  });
});
