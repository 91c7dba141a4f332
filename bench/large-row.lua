-- Reads one of 16 rows of 1 MB.
sysbench.cmdline.commands = {
   prepare = {function()
      local con = sysbench.sql.driver():connect()
      con:query("CREATE TABLE large (id INT PRIMARY KEY, body LONGBLOB NOT NULL)")
      for id = 1, 16 do
         local letter = string.char(96 + id)
         con:query("INSERT INTO large VALUES (" .. id .. ", REPEAT('" .. letter .. "', 1048576))")
      end
   end}
}

function thread_init()
   con = sysbench.sql.driver():connect()
end

function event()
   con:query("SELECT body FROM large WHERE id = " .. sysbench.rand.uniform(1, 16))
end

function thread_done()
   con:disconnect()
end
