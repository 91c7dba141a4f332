import { LockstepError } from '../base/errors.ts';
import {
  type AuthRequest,
  type DenialReason,
  ServerAuthentication,
  type ServerAuthOptions,
} from '../protocol/auth/server-auth.ts';
import type { Password } from '../protocol/auth/password.ts';
import {
  type AssembledPacket,
  isOutOfOrder,
  packetsOutOfOrder,
} from '../protocol/command-scanner.ts';
import type { ConnectionKind } from '../nodes/connection-pool.ts';
import type { Accounts } from './accounts.ts';

export type LoginOutcome =
  | {
      readonly kind: 'ok';
      readonly user: string;
      readonly password: Password;
      /** Of the packet that comes next. */
      readonly sequenceId: number;
    }
  | {
      readonly kind: 'denied';
      readonly reason: DenialReason;
      readonly message: string;
      readonly sequenceId: number;
    };

/** What COM_CHANGE_USER came to. */
export type UserChange =
  | {
      readonly kind: 'changed';
      readonly account: ConnectionKind;
      readonly characterSet: number;
      /** '' for none. */
      readonly database: string;
      /** Of the packet that answers. */
      readonly sequenceId: number;
    }
  | { readonly kind: 'refused'; readonly error: unknown; readonly sequenceId: number };

interface ExchangeOptions extends ServerAuthOptions {
  readonly accounts: Accounts;
  readonly send: (payload: Buffer, sequenceId: number) => void;
}

/** Asks a client who it is, until that is known: when it connects and at COM_CHANGE_USER. */
export class LoginExchange {
  readonly #authentication: ServerAuthentication;
  readonly #accounts: Accounts;
  readonly #send: ExchangeOptions['send'];
  #dueId = 0;
  #waiting:
    | { readonly resolve: (packet: AssembledPacket) => void; readonly reject: (e: Error) => void }
    | undefined;

  constructor({ accounts, send, ...options }: ExchangeOptions) {
    this.#authentication = new ServerAuthentication(options);
    this.#accounts = accounts;
    this.#send = send;
  }

  /** `sequenceId` is that of the first answer. Rejects when the exchange is abandoned. */
  async run(request: AuthRequest, sequenceId: number): Promise<LoginOutcome> {
    let nextId = sequenceId;
    for (let step = this.#authentication.onResponse(request); ; ) {
      switch (step.kind) {
        case 'send': {
          const answer = this.#next();
          this.#dueId = (nextId + 1) & 0xff;
          this.#send(step.payload, nextId);
          const packet = await answer;
          nextId = (packet.sequenceId + 1) & 0xff;
          step = this.#authentication.onPacket(packet.payload);
          break;
        }
        case 'look_up':
          step = this.#authentication.onAccount(await this.#accounts.find(step.user));
          break;
        case 'check': {
          const accepted = await this.#accounts.check(step.user, step.password);
          step = this.#authentication.onChecked(accepted);
          break;
        }
        case 'denied':
          return { ...step, sequenceId: nextId };
        case 'ok':
          if (step.payloadBefore) {
            this.#send(step.payloadBefore, nextId);
            nextId = (nextId + 1) & 0xff;
          }
          return { kind: 'ok', user: step.user, password: step.password, sequenceId: nextId };
      }
    }
  }

  /** The client's next packet is for this exchange. */
  get waiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** The number that the client's next packet has to have. */
  get dueId(): number {
    return this.#dueId;
  }

  /** A packet of the client, which must have been asked for. */
  receive(packet: AssembledPacket): void {
    const waiting = this.#waiting;
    if (!waiting) {
      throw new LockstepError('malformed_packet', 'the client sent more than it was asked for');
    }
    if (isOutOfOrder(packet, this.#dueId)) throw packetsOutOfOrder();
    this.#waiting = undefined;
    waiting.resolve(packet);
  }

  /** The client is gone. */
  abandon(): void {
    this.#waiting?.reject(new LockstepError('malformed_packet', 'the client left while asked'));
    this.#waiting = undefined;
  }

  #next(): Promise<AssembledPacket> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
}
