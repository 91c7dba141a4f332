/**
 * What a session tells of one statement while it is traced. The names and attributes are those of
 * OpenTelemetry: https://opentelemetry.io/docs/specs/semconv/database/
 */
export interface Trace {
  /** Something that is done for the statement begins. */
  begin(name: string, attributes: Attributes): TraceStep;
  /** The client has its answer; what is told later is part of no trace. */
  end(outcome: Attributes, error: string | undefined): void;
}

export interface TraceStep {
  end(error?: string, attributes?: Attributes): void;
}

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface StatementToTrace {
  readonly name: string;
  /** Asked only when it is traced. */
  readonly attributes: () => Attributes;
  /** Of W3C Trace Context, where the client gave one. */
  readonly traceParent: string | undefined;
}

export interface TraceCounts {
  readonly exported: number;
  readonly dropped: number;
}

/** Traces statements; built only when `telemetry.otlp_endpoint` is set. */
export interface Tracer {
  readonly counts: TraceCounts;
  /** Undefined for a statement that is not to be traced. */
  statement(statement: StatementToTrace): Trace | undefined;
  /** Sends what waits, for some seconds at most. */
  close(): Promise<void>;
}
