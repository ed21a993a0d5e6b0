"""Writes numbered records to every service that it finds in its environment, and keeps a ledger of those that were acknowledged.

One line of /ledger/<service>-<pod> is one acknowledged record: the time and the record's name. A record that was not acknowledged may
be there or not; the next one has another name. Where a cache has copies, every second record asks for one, and those that a copy has too
are in /ledger/copied-<service>-<pod>."""

import os
import socket
import threading
import time
from urllib.parse import parse_qs, urlparse

LEDGER, POD, PAUSE, PATIENCE = "/ledger", socket.gethostname(), 0.05, 5


class PostgreSQL:
    def open(self, url):
        import psycopg

        self.connection = psycopg.connect(url, autocommit=True, connect_timeout=PATIENCE, tcp_user_timeout=PATIENCE * 1000)
        self.connection.execute("create table if not exists ledger (record text primary key)")

    def write(self, record):
        self.connection.execute("insert into ledger values (%s)", (record,))

    def records(self):
        return [row[0] for row in self.connection.execute("select record from ledger")]


class MySQL:
    def open(self, url):
        import pymysql

        u = urlparse(url)
        self.connection = pymysql.connect(
            host=u.hostname, port=u.port, user=u.username, password=u.password, database=u.path[1:], autocommit=True,
            ssl_ca=parse_qs(u.query)["ssl-ca"][0], ssl_verify_cert=True, ssl_verify_identity=True,
            connect_timeout=PATIENCE, read_timeout=PATIENCE, write_timeout=PATIENCE)
        self.execute("create table if not exists ledger (record varchar(80) primary key)")

    def execute(self, statement, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    def write(self, record):
        self.execute("insert into ledger values (%s)", record)

    def records(self):
        return [row[0] for row in self.execute("select record from ledger")]


class RESP:
    def open(self, url):
        import redis

        self.connection = redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)

    def write(self, record):
        self.connection.rpush("ledger", record)

    def copy(self, record):
        both = self.connection.pipeline(transaction=False)  # on one connection: a new one has written nothing to wait for
        both.rpush("ledger", record)
        both.wait(1, 1000)
        return both.execute()[1] > 0

    def records(self):
        return [record.decode() for record in self.connection.lrange("ledger", 0, -1)]


class RabbitMQ:
    def open(self, url):
        import amqp

        self.amqp, u = amqp, urlparse(url)
        self.connection = amqp.Connection(
            host="%s:%d" % (u.hostname, u.port), userid=u.username, password=u.password, virtual_host=u.path[1:],
            confirm_publish=True, connect_timeout=PATIENCE, read_timeout=PATIENCE, write_timeout=PATIENCE)
        self.connection.connect()
        self.channel = self.connection.channel()
        self.channel.queue_declare("ledger", durable=True, auto_delete=False)

    def write(self, record):
        self.channel.basic_publish_confirm(self.amqp.Message(record, delivery_mode=2), routing_key="ledger")

    def records(self):
        return [m.body for m in iter(lambda: self.channel.basic_get("ledger"), None)]


CLIENTS = {"postgresql": PostgreSQL, "mysql": MySQL, "redis": RESP, "rabbitmq": RabbitMQ}


def services():
    for name in sorted(os.listdir("/bindings")):
        kind = open("/bindings/%s/type" % name).read()
        if kind in CLIENTS:
            yield name, CLIENTS[kind], open("/bindings/%s/uri" % name).read()


def keep(name, client, url):
    number, service, copies = 0, None, os.path.exists("/bindings/%s/sentinel-hosts" % name)
    with open("%s/%s-%s" % (LEDGER, name, POD), "a", buffering=1) as ledger, open("%s/copied-%s-%s" % (LEDGER, name, POD), "a", buffering=1) as copied:
        while True:
            try:
                if service is None:
                    opened = client()
                    opened.open(url)
                    service = opened
                number += 1
                record = "%s-%d" % (POD, number)
                if copies and number % 2 == 0:
                    if service.copy(record):
                        copied.write(record + "\n")
                else:
                    service.write(record)
                ledger.write("%.3f %s\n" % (time.time(), record))
            except Exception as problem:
                print("%s: %r" % (name, problem), flush=True)
                service = None
            time.sleep(PAUSE)


def show(wanted):
    for name, client, url in services():
        if name == wanted:
            service = client()
            service.open(url)
            print("\n".join(service.records()))


if __name__ == "__main__":
    import sys

    if len(sys.argv) > 1:
        show(sys.argv[1])
    else:
        for service in services():
            threading.Thread(target=keep, args=service).start()
