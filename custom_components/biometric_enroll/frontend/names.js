// @ts-check
/** What the integration and its card are called. */

export const DOMAIN = "biometric_enroll";
export const TAG = "biometric-enroll-card";
export const COMMON = `component.${DOMAIN}.common`;
