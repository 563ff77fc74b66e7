//! The SQLite store: runs, events, gates, start requests, blobs and definitions; every change is one guarded transaction.
