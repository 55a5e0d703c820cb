/** Guidance, "Making reasonable enquiries": its list of steps in its order, for tests to compare with. */
export const guidanceSteps = [
  "contact-parent",
  "check-agencies-involved",
  "check-siblings-schools",
  "check-previous-authority-or-school",
  "check-new-authority-or-school",
  "check-home-authority",
  "speak-to-landlord",
  "check-own-databases",
  "check-external-agencies-databases",
  "check-s2s",
  "check-giap",
  "check-national-databases",
  "home-visit",
  "contact-relatives-and-neighbours",
] as const;
