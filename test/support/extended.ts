/**
 * Options of a test that plain `npm test` leaves out, because it takes long and a shorter one has
 * its subject there. `npm test -- all` runs it, as CI does.
 */
export const extended: { tags: string[] } = { tags: ['extended'] };

export const extendedIf = (is: boolean): { tags: string[] } => (is ? extended : { tags: [] });
