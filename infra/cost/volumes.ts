/** DfE, "Children missing education", official statistics in development (OGL v3), England. */
const published = {
  /** Children at any point in the school year 2023/24, the highest published. */
  inTheYear: 149_900,
  /** On census day of autumn 2025/26, and those of them believed to have moved to another authority in England. */
  onCensusDay: 34_700,
  believedMoved: 2_600,
  authorities: 153,
};

/** So many referrals a year where the census day's share of moves holds for the whole year. */
export const referralsFrom = ({
  inTheYear,
  onCensusDay,
  believedMoved,
}: Pick<typeof published, "inTheYear" | "onCensusDay" | "believedMoved">): number =>
  Math.round((inTheYear * believedMoved) / onCensusDay);

export const england = { authorities: published.authorities, referralsAYear: referralsFrom(published) };

export const derivation =
  `${published.inTheYear} children missing education at any point in 2023/24 × ` +
  `${published.believedMoved} of ${published.onCensusDay} believed moved to another authority on census day, autumn 2025/26`;

/** Schools are open on so many days a year, and officers at work for so many hours of them. */
export const schoolDays = 190;
export const officeHours = 8;

/** Referrals a second while officers are at work. */
export const meanRate = (referralsAYear: number): number => referralsAYear / (schoolDays * officeHours * 3600);
