/** The schema in which each node keeps its position; written to by Lockstep alone. */
export const isMarkers = (schema: string | undefined): boolean =>
  schema?.toLowerCase() === 'lockstep';
