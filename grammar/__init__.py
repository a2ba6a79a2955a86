"""The grammar of the language, `flowspec.lark`."""
