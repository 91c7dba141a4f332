/** Of little cost, so that a test need not wait for it. */
const cheapHash = (key: string): string => `$scrypt$ln=4,r=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$${key}`;

/** An administrator and a viewer, for `http.users`. */
export const httpUsers = [
  {
    name: 'ada',
    role: 'admin' as const,
    password: cheapHash('2nYYR1WNiVIE4oqKrxPuQubql1AU4+laWwCM1jFvCJc'),
  },
  {
    name: 'vic',
    role: 'viewer' as const,
    password: cheapHash('DJPy79KoePKMuN2LmOS1SdN8mbzIZ04L2X3Aji9tL7c'),
  },
];
