import type { Upcaster } from "../../../../schemas/catalog";

/** 1.1 only adds a member that may be left out. */
const upcast: Upcaster = (payload) => payload;

export default upcast;
