"""A night of faceveil as an Airflow DAG (Airflow 3, standard provider): anonymize, monitor, evaluate where it drifted.

Copy it to the DAGs folder of a deployment whose workers have the faceveil command, and set the variables below. The
vault's credentials are the workers' own (AWS_* or the machine's role); none is here, and none belongs in a Variable.
"""

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

SOURCE = "s3a://raw/photos"
LAKE = "s3a://open/lake"
PLACE = "--vault s3a://vault/lake --profile s3"

with DAG(
    dag_id="faceveil_night",
    description="Anonymize what is new, look for drift, and evaluate where there is some",
    schedule="0 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,
    # One run at a time has a lake: a second one would be refused with 1.
    max_active_runs=1,
    default_args={
        # The command goes on where it stopped, so it may be tried again as it stands.
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=20),
    },
) as dag:
    anonymize = BashOperator(
        task_id="anonymize",
        # 3: done, and some images wait for a person. That is no failure.
        bash_command=f"faceveil anonymize {SOURCE} {LAKE} {PLACE} --wait 600 || [ $? -eq 3 ]",
    )
    monitor = BashOperator(
        task_id="monitor",
        # 5: it drifted, and an evaluation is due. 99 is what Airflow takes for skipped: `steady` ends the night there.
        bash_command=f"faceveil monitor {LAKE} {PLACE}; code=$?; [ $code -eq 0 ] && exit 99; [ $code -eq 5 ]",
    )
    evaluate = BashOperator(
        task_id="evaluate",
        # 4: the gate refuses. The task fails, and whoever keeps the lake is told.
        bash_command=f"faceveil evaluate {LAKE} {PLACE} --labels /srv/faceveil/people.csv --gate default",
        retries=0,
    )
    anonymize >> monitor >> evaluate
