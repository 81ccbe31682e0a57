"""The review page: what people are asked (queue, audit), what their answers amount to, and the server between them."""
