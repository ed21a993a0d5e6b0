"""The shop's Celery worker: it fulfils the orders that the web application takes."""

import os
import time

import psycopg
import redis
from amqp.exceptions import AccessRefused
from celery import Celery
from celery.signals import worker_init
from celery.utils.log import get_task_logger
from kombu.exceptions import OperationalError

from services import broker_settings, open_cache, open_database

log = get_task_logger(__name__)

app = Celery("shop")
app.conf.update(
    task_default_queue=os.environ.get("CELERY_TASK_DEFAULT_QUEUE") or "shop",
    # With a quorum queue the worker must know the type: it then avoids the
    # channel-wide prefetch limit, which such queues refuse. Retries wait in the
    # broker then, which takes a topic exchange.
    task_default_exchange_type="topic",
    task_default_queue_type=os.environ.get("CELERY_TASK_DEFAULT_QUEUE_TYPE") or "quorum",
    task_ignore_result=not os.environ.get("CELERY_RESULT_BACKEND"),
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    accept_content=["json"],
    **broker_settings(),
)


@worker_init.connect
def await_login(**_):
    """Waits until the broker knows this worker's login, which may be made after the worker starts.

    Celery itself tries again while there is no broker, but ends when a login is refused.
    """
    while True:
        try:
            with app.connection_for_read() as connection:
                connection.connect()
            return
        except AccessRefused:
            log.warning("the broker does not know this login yet")
            time.sleep(1)
        except (OperationalError, OSError):
            return


@app.task(
    name="shop.fulfil",
    autoretry_for=(psycopg.OperationalError, redis.ConnectionError, redis.TimeoutError),
    retry_backoff=1,
    retry_backoff_max=30,
    max_retries=None,
)
def fulfil(order_id):
    """Marks an order fulfilled. Doing so twice changes nothing."""
    with open_database() as database:
        row = database.execute(
            "UPDATE orders SET status = 'fulfilled', fulfilled_at = coalesce(fulfilled_at, now()) "
            "WHERE id = %s RETURNING item",
            (order_id,),
        ).fetchone()
    if row is None:
        log.warning("order %s does not exist", order_id)
        return
    forget(order_id)
    log.info("order %s (%s) is fulfilled", order_id, row[0])


def forget(order_id):
    """Removes the order from the cache, so that readers see its new status."""
    cache = open_cache()
    if cache is None:
        return
    with cache:
        cache.delete(f"order:{order_id}")
