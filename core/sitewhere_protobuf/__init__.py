"""SiteWhere's protocol buffers: the schema, and the module that protobuf's compiler made of it."""
