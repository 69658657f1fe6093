SELECT name FROM threads
