import type { NodeName } from '../base/brands.ts';
import type { Route } from './session-core.ts';

/** What a caller inside the process may ask of the session it opened. */
export interface AcceptedClient {
  /** Where the latest statement ran. */
  readonly route: Route | undefined;
  /** The latest error that Lockstep, not a server, answered with. */
  readonly error: unknown;
  /** Of the latest statement. */
  readonly warnings: number;
  /** The node that is at a statement of it just now. */
  readonly runsOn: NodeName | undefined;
  /** Ends the statement under way, as KILL QUERY does; what becomes of it is answered. */
  interrupt(): void;
}
