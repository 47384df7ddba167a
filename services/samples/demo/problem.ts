/** Something that the person who runs the demo can mend; told in one message, without a stack. */
export class DemoProblem extends Error {}
