"""Message buses: Redis Streams, AMQP 0-9-1 (RabbitMQ), the Kafka protocol."""
