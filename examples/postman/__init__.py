"""The Postman collection: its story, and what builds it from the OpenAPI document."""
