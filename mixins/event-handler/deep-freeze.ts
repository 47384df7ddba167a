/** Freezes an event all the way down, so that a handler that changes what others share is told so. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) freeze(value);
  return value;
}

/** By names instead of a list of values: it is done for every event. */
function freeze(value: object): void {
  Object.freeze(value);
  for (const name in value) {
    const member: unknown = value[name as keyof typeof value];
    if (typeof member === "object" && member !== null && !Object.isFrozen(member)) freeze(member);
  }
}
