SELECT @sign AS monitor_sign, @fields FROM @side
