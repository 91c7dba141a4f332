interface ValidationError {
  readonly validation: readonly {
    readonly instancePath?: string;
    readonly message?: string;
    readonly params?: Record<string, unknown>;
  }[];
  readonly validationContext?: string;
}

/** What is wrong with a request that did not fit its schema; undefined for any other error. */
export function validationMessage(error: unknown): string | undefined {
  const { validation, validationContext } = error as Partial<ValidationError>;
  if (!Array.isArray(validation)) return undefined;
  const part = validationContext ?? 'request';
  const found = validation.map((one: ValidationError['validation'][number]) => {
    const place = (one.instancePath ?? '').replace(/^\//, '').replaceAll('/', '.');
    return `${place === '' ? part : `${part}: ${place}`} ${one.message ?? 'is wrong'}${named(one)}`;
  });
  return [...new Set(found)].join('; ');
}

/** The property names or values that the schema's message leaves out. */
function named({ params }: ValidationError['validation'][number]): string {
  const names = params?.['additionalProperties'] ?? params?.['allowedValues'];
  return Array.isArray(names) ? ` (${names.join(', ')})` : '';
}
