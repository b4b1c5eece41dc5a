"""Prints how runs end. Run it: `AMQP_URL=amqp://… python docs/examples/subscriber/subscriber.py`."""

import json
import os

import pika

channel = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"])).channel()
channel.exchange_declare("callsheet.events", "topic", durable=True)
channel.queue_declare("who-ended", durable=True)
for state in ("succeeded", "failed"):
    channel.queue_bind("who-ended", "callsheet.events", f"run.{state}.#")
for method, _, body in channel.consume("who-ended"):
    event = json.loads(body)
    print(event["id"], event.get("subject"), event["data"]["state"], event["data"]["error_type"], flush=True)
    channel.basic_ack(method.delivery_tag)
