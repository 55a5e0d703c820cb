import { Alarm, type AlarmProps, ComparisonOperator, type IMetric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";

export type UserImpactAlarmProps = {
  alarmName: string;
  /** What users notice while it rings: a sentence that whoever is woken by it reads first. */
  usersFeel: string;
  /** The heading of its section in infra/runbook.md, as an anchor. */
  runbook: string;
  metric: IMetric;
  /** It rings when the metric `reaches` the threshold, or `staysBelow` it, in so many periods of so many. */
  when: { reaches: number } | { staysBelow: number };
  periods: { breaching: number; of: number };
  /** What it means that there is no value: that nothing happened, or that what must run does not run. */
  silence: "is-fine" | "is-a-breach";
  /** Who is told that it rings, and that it has ended. */
  topic: ITopic;
};

/** An alarm that says what users feel and where it stands what to do: none can be made without. */
export class UserImpactAlarm extends Alarm {
  constructor(scope: Construct, id: string, props: UserImpactAlarmProps) {
    super(scope, id, alarmProps(props));
    const tell = new SnsAction(props.topic);
    this.addAlarmAction(tell);
    this.addOkAction(tell);
  }
}

const alarmProps = ({
  alarmName,
  usersFeel,
  runbook,
  metric,
  when,
  periods,
  silence,
}: UserImpactAlarmProps): AlarmProps => ({
  alarmName,
  alarmDescription: `${usersFeel} What to do: infra/runbook.md#${runbook}`,
  metric,
  ...("reaches" in when
    ? { threshold: when.reaches, comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD }
    : { threshold: when.staysBelow, comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD }),
  datapointsToAlarm: periods.breaching,
  evaluationPeriods: periods.of,
  treatMissingData: silence === "is-fine" ? TreatMissingData.NOT_BREACHING : TreatMissingData.BREACHING,
});
