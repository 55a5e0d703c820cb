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
  /**
   * It rings when the metric `reaches` the threshold, or `staysBelow` it, in so many periods of so many. Where there is no
   * value, nothing has happened that could reach anything, and what must run has not run.
   */
  when: { reaches: number } | { staysBelow: number };
  periods: { breaching: number; of: number };
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

const alarmProps = ({ alarmName, usersFeel, runbook, metric, when, periods }: UserImpactAlarmProps): AlarmProps => ({
  alarmName,
  alarmDescription: `${usersFeel} What to do: infra/runbook.md#${runbook}`,
  metric,
  ...("reaches" in when
    ? {
        threshold: when.reaches,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treatMissingData: TreatMissingData.NOT_BREACHING,
      }
    : {
        threshold: when.staysBelow,
        comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
        treatMissingData: TreatMissingData.BREACHING,
      }),
  datapointsToAlarm: periods.breaching,
  evaluationPeriods: periods.of,
});
