import type { Upcaster } from "../../../../schemas/catalog";

/** 2.0 has whole grams, and always says which scales. */
const upcast: Upcaster = ({ parcel, kilograms, scales = "unknown" }) => ({
  parcel,
  grams: Math.round(Number(kilograms) * 1_000),
  scales,
});

export default upcast;
