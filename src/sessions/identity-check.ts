import type { Timer } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { AuthRequest, ServerAuthOptions } from '../protocol/auth/server-auth.ts';
import type { AssembledPacket } from '../protocol/command-scanner.ts';
import type { ClientOrigin } from './client-origin.ts';
import type { DeniedLogins } from './denied-logins.ts';
import { LoginExchange, type LoginOutcome } from './login-exchange.ts';
import type { SessionContext } from './session-context.ts';

interface IdentityCheckOptions {
  readonly context: SessionContext;
  readonly deniedLogins: DeniedLogins;
  readonly origin: ClientOrigin;
  /** Binary string, which takes less memory for as long as the session lasts. */
  readonly nonce: string;
  readonly defaultPlugin: ServerAuthOptions['defaultPlugin'];
  readonly send: (payload: Buffer, sequenceId: number) => void;
  /** The client has taken longer than it may. */
  readonly onTimeout: () => void;
}

/** How a client may be asked for its password. */
export type Asking = Pick<ServerAuthOptions, 'secure' | 'rsaKeys'> &
  Partial<Pick<ServerAuthOptions, 'asksAgain'>>;

/** Asks a client who it is, when it connects and at COM_CHANGE_USER; that may take its time. */
export class IdentityCheck {
  readonly #options: IdentityCheckOptions;
  #exchange: LoginExchange | undefined;
  /** Runs from the start on, for the client has to begin by itself. */
  #timer: Timer | undefined;

  constructor(options: IdentityCheckOptions) {
    this.#options = options;
    this.#timer = this.#startTimer();
  }

  /** It is under way, so that the client may send only what it is asked for. */
  get underWay(): boolean {
    return this.#exchange !== undefined;
  }

  /** The client's next packet is for it. */
  get waiting(): boolean {
    return this.#exchange?.waiting === true;
  }

  /** The number that the client's next packet has to have, while it is under way. */
  get dueId(): number | undefined {
    return this.#exchange?.dueId;
  }

  receive(packet: AssembledPacket): void {
    this.#exchange?.receive(packet);
  }

  /** One that is denied is to be told; that comes the later the more often its address was. */
  async run(request: AuthRequest, sequenceId: number, asking: Asking): Promise<LoginOutcome> {
    const { context, deniedLogins, origin, nonce, defaultPlugin, send } = this.#options;
    this.#timer ??= this.#startTimer();
    if (origin.address !== undefined && !deniedLogins.mayTry(origin.address)) {
      const message = `too many wrong passwords come from ${origin.address}`;
      throw new LockstepError('too_many_denied_logins', message);
    }
    this.#exchange = new LoginExchange({
      nonce: Buffer.from(nonce, 'latin1'),
      ...{ defaultPlugin, send, ...asking },
      accounts: context.accounts,
      clientHost: origin.host,
    });
    let outcome: LoginOutcome;
    try {
      outcome = await this.#exchange.run(request, sequenceId);
    } finally {
      this.#exchange = undefined;
      this.#stopTimer();
    }
    if (outcome.kind === 'denied') await this.#noteDenied(outcome);
    return outcome;
  }

  /** The client is gone. */
  abandon(): void {
    this.#stopTimer();
    this.#exchange?.abandon();
  }

  async #noteDenied(outcome: Extract<LoginOutcome, { kind: 'denied' }>): Promise<void> {
    const { context, deniedLogins, origin } = this.#options;
    context.counters.error('access_denied');
    context.onDenied({ host: origin.host, ...outcome });
    if (origin.address === undefined) return;
    const { delayMs, told } = deniedLogins.denied(origin.address);
    if (delayMs > 0) await new Promise<void>((resolve) => context.clock.after(delayMs, resolve));
    told();
  }

  #startTimer(): Timer {
    const { context, onTimeout } = this.#options;
    return context.clock.after(context.config.limits.loginTimeoutMs, onTimeout);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
