import { nearestName } from '../config/nearest-name.ts';

interface ValidationError {
  readonly validation: readonly Fault[];
  readonly validationContext?: string;
}
interface Fault {
  readonly instancePath?: string;
  readonly message?: string;
  readonly params?: Record<string, unknown>;
}

/** As much of a JSON schema as tells which fields there are. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
}

/**
 * What is wrong with a request that did not fit its schema; undefined for any other error.
 * `schemaOf` gives the schema of `body`, `params` or `querystring`.
 */
export function validationMessage(
  error: unknown,
  schemaOf: (part: string) => unknown = () => undefined,
): string | undefined {
  const { validation, validationContext } = error as Partial<ValidationError>;
  if (!Array.isArray(validation)) return undefined;
  const part = validationContext ?? 'request';
  const faults = validation as readonly Fault[];
  const unknown = faults.flatMap((one) => unknownFields(one).map((name) => pathOf(one) + name));
  const found = faults
    // An unknown field is told of twice: of the object, and of the field itself.
    .filter((one) => !unknown.includes((one.instancePath ?? '').slice(1)))
    .map((one) => {
      const fields = unknownFields(one);
      if (fields.length > 0) return unknownText(fields, fieldsAt(one, schemaOf(part)), part, one);
      const place = (one.instancePath ?? '').replace(/^\//, '').replaceAll('/', '.');
      const subject = place === '' ? part : `${part}: ${place}`;
      return `${subject} ${one.message ?? 'is wrong'}${named(one)}`;
    });
  return [...new Set(found)].join('; ');
}

const pathOf = ({ instancePath = '' }: Fault): string =>
  instancePath === '' ? '' : `${instancePath.slice(1)}/`;

function unknownFields({ params }: Fault): readonly string[] {
  const names = params?.['additionalProperties'];
  return Array.isArray(names) ? names.map(String) : [];
}

/** Those that the schema has where the fault is; none when that is not one plain object. */
function fieldsAt({ instancePath = '' }: Fault, schema: unknown): readonly string[] {
  let shape = schema as Shape | undefined;
  for (const name of instancePath.split('/').slice(1)) shape = shape?.properties?.[name];
  return Object.keys(shape?.properties ?? {});
}

function unknownText(
  fields: readonly string[],
  known: readonly string[],
  part: string,
  fault: Fault,
): string {
  const place = pathOf(fault).replaceAll('/', '.');
  const near = fields.length === 1 ? nearestName(fields[0] as string, known) : undefined;
  const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
  const names = fields.map((name) => `"${place}${name}"`).join(', ');
  const wrong = `${part}: unknown ${fields.length === 1 ? 'field' : 'fields'} ${names}${hint}`;
  return known.length === 0 ? wrong : `${wrong}; there are ${known.join(', ')}`;
}

/** The property names or values that the schema's message leaves out. */
function named({ params }: Fault): string {
  const names = params?.['allowedValues'];
  return Array.isArray(names) ? ` (${names.join(', ')})` : '';
}
